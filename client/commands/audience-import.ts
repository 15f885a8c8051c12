/**
 * `audiences import`: brings people in from a file, with a progress bar, and says what became of its lines.
 */
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { Presets, SingleBar } from 'cli-progress';
import type { Command } from 'commander';
import { notValid } from '../../jobs/errors.ts';
import { ensureAudience, findAudience } from '../../systems/store/audiences.ts';
import type { SetAsideLine } from '../../systems/store/imports.ts';
import { readUserFields } from '../../systems/store/user-fields.ts';
import { runs } from '../command.ts';
import type { Output } from '../output.ts';
import { openPeopleFile } from '../people/file.ts';
import type { FileForm } from '../people/file.ts';
import { importPeople } from '../people/import.ts';
import { refuseRule } from './audience-rules.ts';
import type { Imported } from '../people/import.ts';

export interface FormOptions {
  delimiter: string;
  format?: string;
  map?: string[];
}
interface ImportCommandOptions extends FormOptions {
  replace?: boolean;
  rejects?: string;
}

/** The options that say how a file of people is to be read. */
export function withForm(command: Command): Command {
  return command
    .option('--delimiter <character>', 'of a CSV file; \\t for a tab', ',')
    .option('--format <format>', 'csv or jsonl, where the file’s beginning does not tell')
    .option('--map <header=field...>', 'which user field a header means, such as "E-Mail=email"');
}

/** @throws ExpectedError INPUT_NOT_VALID that names the option */
export function formOf(options: FormOptions): FileForm {
  const { format } = options;
  if (format !== undefined && format !== 'csv' && format !== 'jsonl')
    throw notValid('--format', `"${format}" is none; one of csv, jsonl`);
  const named = (options.map ?? []).map((pair) => {
    const at = pair.lastIndexOf('=');
    if (at < 1 || at === pair.length - 1) throw notValid('--map', `"${pair}": expected HEADER=field`);
    return [pair.slice(0, at).trim(), pair.slice(at + 1).trim()] as const;
  });
  return {
    delimiter: options.delimiter === '\\t' ? '\t' : options.delimiter,
    format,
    named: new Map(named),
  };
}

export function addImportCommand(audiences: Command): void {
  const command = audiences
    .command('import')
    .argument('<name>', 'the audience; made as a list where there is none')
    .argument('<file>', 'CSV with a header, or JSON lines')
    .option('--replace', 'those who are not in the file leave the audience')
    .option('--rejects <file>', 'write the lines that were set aside, with their reasons')
    .description('bring people in from a file');
  runs<ImportCommandOptions>(
    withForm(command),
    async ({ context, output, options }, name = '', path = '') => {
      if (name.trim() === '') throw notValid('name', 'the audience needs one');
      const store = await context.store();
      const existing = await findAudience(store, name);
      if (existing !== undefined) refuseRule(existing);
      // Opened before the audience is made: a file that cannot be read leaves no trace.
      const file = await openPeopleFile(path, formOf(options), await readUserFields(store));
      const rejects = await openRejects(options.rejects);
      const bar = openBar(output, file.bytes);
      const imported = await importPeople(
        store,
        await context.hashKeys(),
        await ensureAudience(store, name),
        file,
        {
          path,
          replace: options.replace === true,
          onSetAside: (line) => rejects?.add(line),
          onProgress: (bytes) => bar?.update(bytes),
        },
      ).finally(async () => {
        bar?.stop();
        await rejects?.close();
      });
      output.result({ audience: name, ...imported });
      showImported(output, name, imported, options);
    },
  );
}

function openBar(output: Output, bytes: number): SingleBar | undefined {
  if (output.json || !process.stdout.isTTY) return undefined;
  const bar = new SingleBar({ format: ' {bar} {percentage}%  {eta_formatted} left' }, Presets.shades_classic);
  bar.start(bytes, 0);
  return bar;
}

interface Rejects {
  add(line: SetAsideLine): void;
  close(): Promise<void>;
}

async function openRejects(path: string | undefined): Promise<Rejects | undefined> {
  if (path === undefined) return undefined;
  const stream = createWriteStream(path, { mode: 0o600 });
  await new Promise<void>((resolve, reject) => {
    stream.once('open', () => {
      resolve();
    });
    stream.once('error', () => {
      reject(notValid('--rejects', `${path} cannot be written`));
    });
  });
  stream.write('line,reason\r\n');
  return {
    add: ({ line, reason }) => void stream.write(`${line},"${reason.replaceAll('"', '""')}"\r\n`),
    close: () => finished(stream.end()),
  };
}

function showImported(output: Output, name: string, imported: Imported, options: ImportCommandOptions): void {
  const count = (number: number): string => number.toLocaleString('en');
  output.line(
    `${name}: ${count(imported.lines)} lines, ${count(imported.people)} people ` +
      `(${count(imported.new)} new, ${count(imported.changed)} changed, ${count(imported.unchanged)} unchanged), ` +
      `${count(imported.entered)} entered${options.replace === true ? `, ${count(imported.left)} left` : ''}, ` +
      `${count(imported.setAside)} lines set aside.`,
  );
  showSetAside(output, imported);
  if (imported.setAside > imported.firstSetAside.length && options.rejects === undefined)
    output.line('  … all of them with --rejects FILE');
  if (imported.setAside > 0 && options.replace === true)
    output.line('Note: who stands only in a line without a readable identifier counts as not in the file.');
  if (imported.entered + imported.left > 0)
    output.line(
      `${count(imported.entered + imported.left)} changes recorded; running exports hear of them within seconds.`,
    );
}

/** The first lines that were set aside, one a line. */
export function showSetAside(
  output: Output,
  found: { readonly firstSetAside: readonly SetAsideLine[] },
): void {
  for (const { line, reason } of found.firstSetAside) output.line(`  line ${line}: ${reason}`);
}
