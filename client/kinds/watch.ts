/**
 * Watches an export: a progress bar while it walks through members, then a line whenever something changed.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { Presets, SingleBar } from 'cli-progress';
import type { Output } from '../output.ts';

const lookEveryMs = 500;
const ended = new Set(['stopped', 'failed']);
/** Nothing more is scanned before a person has said so. */
const held = new Set(['parked', 'approval']);

interface Watched {
  readonly state: string;
  readonly queued: number | null;
  readonly scan: { readonly total: number; readonly done: number; readonly state: string } | null;
}

export interface Watching<Summary extends Watched> {
  readonly look: () => Promise<Summary>;
  readonly oneLine: (summary: Summary) => string;
  /** `scanned`: it ends by itself once nothing is scanned or queued; else when the job ends. */
  readonly until: 'scanned' | 'ended';
  /** Whether a job may have nothing to scan at all. */
  readonly maySkipScan?: boolean;
}

export async function watchExport<Summary extends Watched>(
  output: Output,
  { look, oneLine, until, maySkipScan = false }: Watching<Summary>,
): Promise<Summary> {
  const bar = new SingleBar(
    { format: ' {bar} {percentage}% | {value}/{total} scanned | {eta}s left', hideCursor: true },
    Presets.shades_classic,
  );
  const showBar = process.stdout.isTTY && !output.json;
  let barShown = false;
  let last = '';
  for (;;) {
    const summary = await look();
    const scanning = summary.scan?.state === 'running';
    if (showBar && scanning) {
      if (!barShown) bar.start(summary.scan.total, summary.scan.done);
      barShown = true;
      bar.update(summary.scan.done);
    } else if (barShown) {
      bar.stop();
      barShown = false;
    }
    const line = oneLine(summary);
    if (!barShown && line !== last) output.line(line);
    last = line;
    const scanned = (summary.scan !== null || maySkipScan) && !scanning && summary.queued === 0;
    if (ended.has(summary.state) || (until === 'scanned' && (scanned || held.has(summary.state)))) {
      if (barShown) bar.stop();
      return summary;
    }
    await wait(lookEveryMs);
  }
}

/** What stands in a job's way, as the end of its line. */
export function trouble(reason: string, lastError: string | null): string {
  const texts = [reason, lastError].filter((text) => text !== '' && text !== null).join(' · ');
  return texts === '' ? '' : ` · ${texts}`;
}
