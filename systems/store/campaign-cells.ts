/**
 * What became of a campaign job's mails, all of one moment: fates, and what event files said afterwards. Every
 * stay is in exactly one cell.
 */
import type { MailFate } from './campaign-claims.ts';
import type { Database } from './database.ts';

export type EventOutcome = 'sent' | 'skipped' | 'failed' | 'bounced';

export interface OutcomeCell {
  readonly fate: MailFate;
  /** Null where event files have not told of it. */
  readonly outcome: EventOutcome | null;
  /** Of a rejection, or of a mail that was skipped; '' for others. */
  readonly reason: string;
  readonly mails: number;
  /** Of these, that were triggered more than once, or wait for it: a person may get, or have, two. */
  readonly again: number;
  readonly opened: number;
  readonly clicked: number;
}

export async function readOutcomeCells(database: Database, jobId: string): Promise<readonly OutcomeCell[]> {
  const { rows } = await database.query<OutcomeCell>(
    `select fate, outcome,
            coalesce(case when outcome = 'skipped' then outcome_reason when fate = 'rejected' then reason_code end, '')
              as reason,
            count(*) as mails, count(opened_at) as opened, count(clicked_at) as clicked,
            count(*) filter (where triggers + (fate = 'waiting')::int > 1) as again
       from campaign_mails
       left join (select mail_no, count(*) as triggers from campaign_claims
                   where job_id = $1 and answer <> 'refused' group by 1) as claims on mail_no = no
      where job_id = $1 group by 1, 2, 3 order by mails desc, 3`,
    [jobId],
  );
  return rows;
}

export interface FailedMail {
  readonly no: number;
  readonly profileId: string;
  /** '' where the profile has none any more. */
  readonly address: string;
  readonly code: string;
  readonly words: string;
  readonly at: Date;
}

/** One page of the rejected mails, after a number. @param emailField that holds the address */
export async function readFailedMails(
  database: Database,
  jobId: string,
  emailField: string,
  after: number,
  limit: number,
): Promise<readonly FailedMail[]> {
  const { rows } = await database.query<FailedMail>(
    `select no, mails.profile_id as "profileId", coalesce(profiles.fields ->> $2, '') as address,
            coalesce(reason_code, '') as code, coalesce(words, '') as words, coalesce(settled_at, heard_at) as at
       from campaign_mails as mails
       left join profile_aliases as aliases on alias = mails.profile_id
       left join profiles on profiles.id = coalesce(aliases.profile_id, mails.profile_id)
      where job_id = $1 and fate = 'rejected' and no > $3
      order by no limit $4`,
    [jobId, emailField, after, limit],
  );
  return rows;
}
