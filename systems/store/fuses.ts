/**
 * The fuses of a job. One is of what was rejected of late, live batches and scan together; the other, of a campaign
 * job, of triggers in a row of which no answer told who was mailed. Counts move in the transaction that writes the
 * ledger.
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
  await database.query('update job_fuses set sent = 0, rejected = 0 where job_id = $1', [jobId]);
  return undefined;
}

/**
 * Counts a trigger that got an answer, or got none. Those that were under way at once are one: a line that breaks
 * takes all of them, and that says nothing of the next.
 * @param nos the mails of the trigger, whose claim says when it began
 * @returns how many in a row, one after the other, got none
 */
export async function countUnanswered(
  database: Database,
  jobId: string,
  isAnswered: boolean,
  nos: readonly number[],
): Promise<number> {
  if (isAnswered) {
    await database.query('update job_fuses set unanswered = 0 where job_id = $1 and unanswered > 0', [jobId]);
    return 0;
  }
  const { rows } = await database.query<{ unanswered: number }>(
    `insert into job_fuses as fuse (job_id, sent, rejected, unanswered, unanswered_at)
     values ($1, 0, 0, 1, clock_timestamp())
     on conflict (job_id) do update
       set unanswered = fuse.unanswered + case when fuse.unanswered = 0 or fuse.unanswered_at < (
             select min(newest) from (select max(claimed_at) as newest from campaign_claims
                                       where mail_no = any($2::bigint[]) group by mail_no) as claims) then 1 else 0 end,
           unanswered_at = clock_timestamp()
     returning unanswered`,
    [jobId, nos],
  );
  return rows[0]?.unanswered ?? 0;
}

/** Counting begins anew, of both. */
export async function mendFuse(database: Database, jobId: string): Promise<void> {
  await database.query('delete from job_fuses where job_id = $1', [jobId]);
}
