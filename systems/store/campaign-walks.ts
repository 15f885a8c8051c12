/**
 * Whom a campaign job mails together: present members, or once more those who were rejected or whose mail is
 * of unknown fate. The same walk as that of an export (scans.ts); what it takes are the mails that then wait.
 */
import { lockMails, settleEnded } from './campaign-entries.ts';
import type { Database, Pool } from './database.ts';
import { beginWalk } from './scans.ts';
import type { Scan } from './scans.ts';

/** Present members that have no mail yet. Those who have one are not walked: a second back-fill sends nothing twice. */
export const beginBackfill = (pool: Pool, jobId: string): Promise<Scan> =>
  beginWalk(
    pool,
    jobId,
    'backfill',
    `select row_number() over (order by min(no)), profile_id from campaign_mails
      where job_id = $1 and fate = 'waiting' group by profile_id`,
    [jobId],
    async (database) => {
      await lockMails(database, jobId);
      await settleEnded(database, jobId, null);
      await database.query(
        `insert into campaign_mails (job_id, stay_id, audience_id, profile_id, of_backfill)
         select $1, stay_id, audience_id, profile_id, true from audience_members
          where audience_id in (select audience_id from job_audiences where job_id = $1) and is_member
            and not exists (select 1 from campaign_mails as known
                             where known.job_id = $1 and known.stay_id = audience_members.stay_id)
          order by profile_id
         on conflict (job_id, profile_id, audience_id) where fate = 'waiting'
           do update set stay_id = excluded.stay_id`,
        [jobId],
      );
    },
  );

/**
 * For a job that ends: a back-fill's mails that nothing was done about are no longer the job's, and the next
 * back-fill takes the members of then.
 */
export async function forgetBackfill(database: Database, jobId: string): Promise<void> {
  await lockMails(database, jobId);
  await database.query(
    `delete from campaign_mails
      where job_id = $1 and fate = 'waiting' and of_backfill`,
    [jobId],
  );
}

/** Rejected members of stays that last. @param reason a reason's code; all without one */
export const beginMailRetry = (pool: Pool, jobId: string, reason: string | undefined): Promise<Scan> =>
  beginAgain(pool, jobId, 'retry', 'rejected', reason);

/** Mails of unknown fate, of stays that last: each may be somebody's second. */
export const beginUnknown = (pool: Pool, jobId: string): Promise<Scan> =>
  beginAgain(pool, jobId, 'unknown', 'unknown', undefined);

const beginAgain = (
  pool: Pool,
  jobId: string,
  kind: 'retry' | 'unknown',
  fate: 'rejected' | 'unknown',
  reason: string | undefined,
): Promise<Scan> =>
  beginWalk(
    pool,
    jobId,
    kind,
    `select row_number() over (order by min(no)), profile_id from campaign_mails
      where job_id = $1 and fate = 'waiting' group by profile_id`,
    [jobId],
    async (database) => {
      await lockMails(database, jobId);
      await database.query(
        `update campaign_mails as mails
            set fate = 'waiting', reason_code = null, words = null, settled_at = null, of_backfill = false
          where mails.stay_id in (${ofLastingStays}) and job_id = $1`,
        [jobId, fate, reason ?? null],
      );
    },
  );

/** Stays of the job $1 that have the fate $2, by the reason $3, and could be mailed again. */
const ofLastingStays = `
  select again.stay_id from campaign_mails as again
    left join profile_aliases as aliases on alias = again.profile_id
    join audience_members as members
      on members.audience_id = again.audience_id and members.stay_id = again.stay_id and is_member
     and members.profile_id = coalesce(aliases.profile_id, again.profile_id)
   where again.job_id = $1 and again.fate = $2 and ($3::text is null or again.reason_code = $3)
     and again.outcome is null
     and not exists (select 1 from campaign_mails as newer
                      where newer.job_id = $1 and newer.fate = 'waiting'
                        and newer.profile_id = again.profile_id and newer.audience_id = again.audience_id)`;

/** How many people "send-unknown" may mail a second time. */
export async function countUnknown(database: Database, jobId: string): Promise<number> {
  const { rows } = await database.query<{ people: number }>(
    `select count(*) as people from (${ofLastingStays}) as again`,
    [jobId, 'unknown', null],
  );
  return rows[0]?.people ?? 0;
}
