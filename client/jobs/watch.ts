/**
 * Watches a job: a progress bar while it scans, then a line whenever something has changed.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { Presets, SingleBar } from 'cli-progress';
import { stateInWords } from '../../jobs/state-words.ts';
import type { Pool } from '../../systems/store/database.ts';
import type { Output } from '../output.ts';
import { summariseJob } from './summary.ts';
import type { JobSummary } from './summary.ts';

const lookEveryMs = 500;
const ended = new Set(['stopped', 'failed']);
/** Nothing more is scanned before a person has said so. */
const held = new Set(['parked', 'approval']);

/** @param until when to end by itself: `scanned` once nothing is scanned or queued, else when the job ends */
export async function watchJob(
  store: Pool,
  temporal: Client,
  name: string,
  output: Output,
  until: 'scanned' | 'ended',
): Promise<JobSummary> {
  const bar = new SingleBar(
    { format: ' {bar} {percentage}% | {value}/{total} scanned | {eta}s left', hideCursor: true },
    Presets.shades_classic,
  );
  const showBar = process.stdout.isTTY && !output.json;
  let barShown = false;
  let last = '';
  for (;;) {
    const summary = await summariseJob(store, temporal, name);
    const scanning = summary.scan?.state === 'running';
    if (showBar && scanning && summary.scan !== null) {
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
    const scanned = summary.scan !== null && !scanning && summary.queued === 0;
    if (ended.has(summary.state) || (until === 'scanned' && (scanned || held.has(summary.state)))) {
      if (barShown) bar.stop();
      return summary;
    }
    await wait(lookEveryMs);
  }
}

function oneLine({ state, reason, scan, members, queued, lastError }: JobSummary): string {
  const scanned = scan === null ? '' : ` · scanned ${scan.done}/${scan.total}`;
  const trouble = [reason, lastError].filter((text) => text !== '' && text !== null).join(' · ');
  return (
    `${stateInWords(state)}${scanned} · sent ${members.sent} · accepted ${members.accepted} · rejected ${members.rejected}` +
    ` · not in list ${members.notInList} · queued ${queued ?? '?'}${trouble === '' ? '' : ` · ${trouble}`}`
  );
}
