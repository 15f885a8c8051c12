/**
 * The fuse of a job: how much of what it sent of late was rejected, live batches and scan together. Counts
 * move in the transaction that writes the ledger.
 */
import { leastMembersOfFuse } from '../../jobs/limits.ts';
import type { Database } from './database.ts';

export interface FuseReading {
  readonly sent: number;
  readonly rejected: number;
}

/**
 * Adds what was just sent. As soon as there are enough members to judge by, they are judged and counting
 * begins anew, so that a million good ones never hide that all is refused now.
 * @returns what the fuse blew of; undefined while it holds
 */
export async function burnFuse(
  database: Database,
  jobId: string,
  just: FuseReading,
  stopWhenRejectedPercent: number,
): Promise<FuseReading | undefined> {
  const { rows } = await database.query<FuseReading>(
    `insert into job_fuses as fuse (job_id, sent, rejected) values ($1, $2, $3)
     on conflict (job_id) do update set sent = fuse.sent + $2, rejected = fuse.rejected + $3
     returning sent, rejected`,
    [jobId, just.sent, just.rejected],
  );
  const [reading] = rows;
  if (reading === undefined || reading.sent < leastMembersOfFuse) return undefined;
  // Blown, it stays so until the job is resumed.
  if (reading.rejected * 100 > stopWhenRejectedPercent * reading.sent) return reading;
  await mendFuse(database, jobId);
  return undefined;
}

/** Counting begins anew. */
export async function mendFuse(database: Database, jobId: string): Promise<void> {
  await database.query('delete from job_fuses where job_id = $1', [jobId]);
}
