/**
 * `jobs watch` of an import: a bar for each file that is being read, and a line whenever something has changed.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { MultiBar, Presets } from 'cli-progress';
import type { SingleBar } from 'cli-progress';
import { findImportJob } from '../../systems/store/import-jobs.ts';
import type { ImportJob } from '../../systems/store/import-jobs.ts';
import type { Context } from '../context.ts';
import type { Output } from '../output.ts';
import { summariseFiles } from './summary.ts';

const lookEveryMs = 500;
const ended = new Set(['stopped', 'failed']);

type Summary = Awaited<ReturnType<typeof summariseFiles>>;

/** Until the job ends. */
export async function watchImport(context: Context, output: Output, { id }: ImportJob): Promise<void> {
  const store = await context.store();
  const bars = process.stdout.isTTY && !output.json ? openBars() : undefined;
  let last = '';
  try {
    for (;;) {
      const summary = await summariseFiles(store, await findImportJob(store, id));
      const line = oneLine(summary);
      if (line !== last) {
        if (bars === undefined) output.line(line);
        else bars.log(line);
      }
      last = line;
      bars?.show(summary.reading);
      if (ended.has(summary.state)) {
        output.result(summary);
        return;
      }
      await wait(lookEveryMs);
    }
  } finally {
    bars?.stop();
  }
}

function openBars() {
  const all = new MultiBar(
    { format: ' {bar} {percentage}% | {file}', hideCursor: true, clearOnComplete: true },
    Presets.shades_classic,
  );
  const shown = new Map<string, SingleBar>();
  return {
    log: (line: string) => all.log(`${line}\n`),
    show: (reading: Summary['reading']): void => {
      for (const { file, sizeBytes, bytesRead } of reading) {
        const bar = shown.get(file) ?? all.create(Math.max(sizeBytes, 1), 0, { file });
        shown.set(file, bar);
        bar.update(bytesRead);
      }
      for (const [file, bar] of shown) {
        if (reading.some((one) => one.file === file)) continue;
        all.remove(bar);
        shown.delete(file);
      }
    },
    stop: () => all.stop(),
  };
}

function oneLine({ state, reason, lastError, files, events }: Summary): string {
  const trouble = [reason, lastError].filter((text) => text !== '' && text !== null).join(' · ');
  return (
    `${state} · files ${files.done + files.repeated}/${files.found} · set aside ${files.setAside}` +
    ` · events ${events.total} · rejected ${events.rejected}${trouble === '' ? '' : ` · ${trouble}`}`
  );
}
