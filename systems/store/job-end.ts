/**
 * How a job that follows audiences stands, whatever its kind, and its end: no walk of it goes on, and it is told of
 * no change any more. A campaign's claims that nobody told of are unknown, and who entered while it ran keeps
 * waiting for it.
 */
import { settleClaims } from './campaign-claims.ts';
import { hearRest } from './campaign-entries.ts';
import { forgetBackfill } from './campaign-walks.ts';
import { positionOf, stopRelaying } from './changes.ts';
import { transaction } from './database.ts';
import type { Database, Pool } from './database.ts';
import { mendFuse } from './fuses.ts';
import { setJobState } from './jobs.ts';
import type { JobState } from './jobs.ts';
import { holdOffMerges } from './merging.ts';
import { abandonScansOf } from './scans.ts';

/** For a workflow that says itself how its job stands. One that is stopped or failed ends with it. */
export async function recordJobState(
  pool: Pool,
  jobId: string,
  state: JobState,
  reason: string,
): Promise<void> {
  if (state === 'stopped' || state === 'failed')
    return transaction(pool, async (database) => {
      await holdOffMerges(database);
      await setJobState(database, jobId, state, reason);
      await endWork(database, jobId);
    });
  await setJobState(pool, jobId, state, reason);
  // Resumed or approved: what was rejected before has been looked at.
  if (state === 'running') await mendFuse(pool, jobId);
}

/**
 * For a job whose workflow is gone, and nobody wrote it down: it was terminated from outside.
 * @param job as it was before its workflow was seen to be gone: one that was started again since is left alone
 * @param endWalk ends what walks for it, which goes on without the job; in here, so that no crash forgets it and
 * it cannot meet the walk of a job that is started again
 */
export const endLostJob = (
  pool: Pool,
  { id, revision }: { readonly id: string; readonly revision: string },
  endWalk: () => Promise<void>,
): Promise<void> =>
  transaction(pool, async (database) => {
    await holdOffMerges(database);
    const { rows } = await database.query<{ state: JobState }>(
      'select state from jobs where id = $1 and revision = $2 for update',
      [id, revision],
    );
    const state = rows[0]?.state;
    // One that is starting has no workflow yet.
    if (state === undefined || state === 'starting') return;
    if (state !== 'stopped' && state !== 'failed')
      await setJobState(database, id, 'failed', 'Its workflow is no longer running.');
    await endWork(database, id);
    await endWalk();
  });

async function endWork(database: Database, jobId: string): Promise<void> {
  const position = await positionOf(database, jobId);
  if (position?.kind === 'export-campaign') await hearRest(database, position);
  await stopRelaying(database, jobId);
  await abandonScansOf(database, jobId);
  await settleClaims(database, jobId);
  await forgetBackfill(database, jobId);
  await mendFuse(database, jobId);
}
