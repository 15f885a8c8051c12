/** Watches an Export Audience job. */
import type { Client } from '@temporalio/client';
import { stateInWords } from '../../jobs/state-words.ts';
import type { Pool } from '../../systems/store/database.ts';
import { trouble, watchExport } from '../kinds/watch.ts';
import type { Output } from '../output.ts';
import { summariseJob } from './summary.ts';
import type { JobSummary } from './summary.ts';

/** @param until when to end by itself: `scanned` once nothing is scanned or queued, else when the job ends */
export const watchJob = (
  store: Pool,
  temporal: Client,
  name: string,
  output: Output,
  until: 'scanned' | 'ended',
): Promise<JobSummary> =>
  watchExport(output, { look: () => summariseJob(store, temporal, name), oneLine, until });

function oneLine({ state, reason, scan, members, queued, lastError }: JobSummary): string {
  const scanned = scan === null ? '' : ` · scanned ${scan.done}/${scan.total}`;
  return (
    `${stateInWords(state)}${scanned} · sent ${members.sent} · accepted ${members.accepted} · rejected ${members.rejected}` +
    ` · not in list ${members.notInList} · queued ${queued ?? '?'}${trouble(reason, lastError)}`
  );
}
