/**
 * The members that a campaign job's back-fill would begin with now.
 */
import type { MailFate } from './campaign-claims.ts';
import { walkRows } from './cursor.ts';
import type { Pool } from './database.ts';

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
