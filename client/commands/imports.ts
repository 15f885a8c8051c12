/**
 * What `jobs` has for imports alone: look at the folder at once, and what became of every file and row.
 */
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import type { Command } from 'commander';
import type { Pool } from '../../systems/store/database.ts';
import { listFiles } from '../../systems/store/event-files.ts';
import { readRejectedRows } from '../../systems/store/events.ts';
import type { RejectedRow } from '../../systems/store/events.ts';
import { runs } from '../command.ts';
import { importOnly } from '../imports/commands.ts';
import { rebuildJob, redoFile } from '../imports/rebuild.ts';
import { steerImport } from '../imports/steer.ts';

const shownRows = 100;

/** @param jobs the command `jobs` */
export function addImportCommands(jobs: Command): void {
  runs(
    jobs.command('poll').argument('<job>').description('imports: look at the folder at once'),
    async ({ context, output }, name = '') => {
      await steerImport(context, output, await importOnly(await context.store(), 'poll', name), 'poll');
    },
  );

  runs(
    jobs
      .command('rebuild')
      .argument('<job>')
      .description('imports: build the profiles anew from the stream, after the mapping changed'),
    async ({ context, output }, name = '') =>
      rebuildJob(context, output, await importOnly(await context.store(), 'rebuild', name)),
  );

  runs<{ limit: string; redo?: string }>(
    jobs
      .command('files')
      .argument('<job>')
      .option('--limit <number>', 'how many, the newest first', '50')
      .option('--redo <file>', 'take this file back, and import it again')
      .description('imports: the files, and what became of each'),
    async ({ context, output, options }, name = '') => {
      const store = await context.store();
      const job = await importOnly(store, 'files', name);
      if (options.redo !== undefined) return redoFile(context, output, job, options.redo);
      const files = await listFiles(store, job.id, Number(options.limit) || 50);
      output.result(files);
      output.table(
        ['file', 'state', 'events', 'known already', 'rejected', 'about nobody', 'reason'],
        files.map((file) => [
          file.path,
          file.state,
          file.events,
          file.repeatedRows,
          file.setAsideRows,
          file.nobodysRows,
          file.reason,
        ]),
      );
    },
  );

  runs<{ csv?: string }>(
    jobs
      .command('rejected')
      .argument('<job>')
      .option('--csv <file>', 'write them all')
      .description('imports: rows that could not be read, by file and line'),
    async ({ context, output, options }, name = '') => {
      const store = await context.store();
      const job = await importOnly(store, 'rejected', name);
      if (options.csv !== undefined)
        output.line(`${await writeRejected(store, job.id, options.csv)} rows written to ${options.csv}.`);
      const rows = await readRejectedRows(store, job.id, { fileId: 0, line: 0 }, shownRows);
      output.result(rows.map(({ path, line, reason }) => ({ file: path, line, reason })));
      if (rows.length === 0) output.line('No row is rejected.');
      else
        output.table(
          ['file', 'line', 'reason'],
          rows.map(({ path, line, reason }) => [path, line, reason]),
        );
      if (rows.length === shownRows) output.line(`These are the first ${shownRows}; --csv writes all.`);
    },
  );
}

/** @returns how many rows were written */
async function writeRejected(store: Pool, jobId: string, path: string): Promise<number> {
  const file = createWriteStream(path, { mode: 0o600 });
  const write = ({ path: name, line, reason }: RejectedRow): boolean =>
    file.write(`"${name}",${line},"${reason.replaceAll('"', '""')}"\r\n`);
  file.write('file,line,reason\r\n');
  let written = 0;
  for (let after = { fileId: 0, line: 0 }; ;) {
    const page = await readRejectedRows(store, jobId, after, 1_000);
    for (const row of page) write(row);
    written += page.length;
    const last = page.at(-1);
    if (last === undefined) break;
    after = last;
  }
  file.end();
  await finished(file);
  return written;
}
