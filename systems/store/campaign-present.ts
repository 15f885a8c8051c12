/**
 * The members that a campaign job's back-fill would begin with now, and those among them that it has missed.
 */
import type { MailFate } from './campaign-claims.ts';
import { walkRows } from './cursor.ts';
import type { Database, Pool } from './database.ts';

export interface PresentStay {
  /** Of the job's mail of this stay; negative where it has none. */
  readonly no: number;
  readonly profileId: string;
  /** Of that mail; null where there is none. */
  readonly fate: MailFate | null;
}

/** @param jobId of the job; none where it is not there yet */
export const walkPresentStays = (
  pool: Pool,
  audienceIds: readonly string[],
  jobId: string | undefined,
  pageStays: number,
  visit: (stays: readonly PresentStay[]) => Promise<void>,
): Promise<void> =>
  walkRows(
    pool,
    {
      text: `select coalesce(mails.no, -row_number() over ()) as no, members.profile_id as "profileId", fate
               from audience_members as members
               left join campaign_mails as mails on mails.job_id = $2 and mails.stay_id = members.stay_id
              where members.audience_id = any($1::uuid[]) and is_member
              order by members.profile_id, members.audience_id`,
      values: [audienceIds, jobId ?? null],
    },
    pageStays,
    (rows) => visit(rows as readonly PresentStay[]),
  );

/** Members who entered since the job has ended, and are there still; 0 for one that has not ended. */
export async function countMissed(database: Database, jobId: string): Promise<number> {
  const { rows } = await database.query<{ missed: number }>(
    `select count(distinct members.profile_id) as missed
       from jobs join job_audiences on job_id = jobs.id join audience_members as members using (audience_id)
      where jobs.id = $1 and state in ('stopped', 'failed') and is_member and changed_at > jobs.updated_at
        and not exists (select 1 from campaign_mails as known
                         where known.job_id = $1 and known.stay_id = members.stay_id)
        -- Who waits since an earlier stay is mailed for this one.
        and not exists (select 1 from campaign_mails as earlier
                         where earlier.job_id = $1 and earlier.fate = 'waiting'
                           and earlier.profile_id = members.profile_id and earlier.audience_id = members.audience_id)`,
    [jobId],
  );
  return rows[0]?.missed ?? 0;
}
