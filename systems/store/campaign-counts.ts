/**
 * What became of a campaign job's mails, counted from its ledger: every stay that the job has heard of has
 * exactly one fate.
 */
import type { MailFate } from './campaign-claims.ts';
import type { Database } from './database.ts';

export const mailFates = [
  'waiting',
  'claimed',
  'accepted',
  'rejected',
  'unknown',
  'left',
  'same-address',
  'opted-out',
  'too-soon',
  'not-in-list',
] as const satisfies readonly MailFate[];

/** They add up to the stays that were heard of. */
export type MailCounts = Readonly<Record<MailFate, number>>;

export async function readMailCounts(database: Database, jobId: string): Promise<MailCounts> {
  const { rows } = await database.query<{ fate: MailFate; mails: number }>(
    'select fate, count(*) as mails from campaign_mails where job_id = $1 group by fate',
    [jobId],
  );
  const counts = new Map(rows.map(({ fate, mails }) => [fate, mails]));
  return Object.fromEntries(mailFates.map((fate) => [fate, counts.get(fate) ?? 0])) as Record<
    MailFate,
    number
  >;
}

export interface ReasonCount {
  readonly reason: string;
  readonly mails: number;
}

export interface MailOutcomes {
  /** Stays that the job has heard of: the sum of all fates. */
  readonly entered: number;
  readonly fates: MailCounts;
  readonly rejectedBecause: readonly ReasonCount[];
  /** Of the mails that were accepted, or may have been: what event files say so far. */
  readonly sent: number;
  readonly skipped: number;
  readonly skippedBecause: readonly ReasonCount[];
  readonly failed: number;
  readonly bounced: number;
  readonly opened: number;
  readonly clicked: number;
}

export async function readMailOutcomes(database: Database, jobId: string): Promise<MailOutcomes> {
  const fates = await readMailCounts(database, jobId);
  const { rows } = await database.query<
    Omit<MailOutcomes, 'entered' | 'fates' | 'rejectedBecause' | 'skippedBecause'>
  >(
    `select count(*) filter (where outcome = 'sent') as sent, count(*) filter (where outcome = 'skipped') as skipped,
            count(*) filter (where outcome = 'failed') as failed, count(*) filter (where outcome = 'bounced') as bounced,
            count(opened_at) as opened, count(clicked_at) as clicked
       from campaign_mails where job_id = $1`,
    [jobId],
  );
  const [later] = rows;
  if (later === undefined) throw new Error('A count without a row.');
  const because = async (condition: string, reason: string): Promise<readonly ReasonCount[]> => {
    const read = await database.query<ReasonCount>(
      `select coalesce(${reason}, '') as reason, count(*) as mails from campaign_mails
        where job_id = $1 and ${condition} group by 1 order by 2 desc, 1`,
      [jobId],
    );
    return read.rows;
  };
  return {
    entered: Object.values(fates).reduce((sum, mails) => sum + mails, 0),
    fates,
    rejectedBecause: await because("fate = 'rejected'", 'reason_code'),
    ...later,
    skippedBecause: await because("outcome = 'skipped'", 'outcome_reason'),
  };
}

export interface MailFailure {
  readonly code: string;
  readonly members: number;
  /** Responsys' words for one of them, as an example; they may quote a value. */
  readonly example: string | null;
}

/** Rejected mails by reason, most first. */
export async function groupMailFailures(database: Database, jobId: string): Promise<readonly MailFailure[]> {
  const { rows } = await database.query<MailFailure>(
    `select coalesce(reason_code, '') as code, count(*) as members, min(words) as example from campaign_mails
      where job_id = $1 and fate = 'rejected' group by 1 order by 2 desc, 1`,
    [jobId],
  );
  return rows;
}

export interface MailLine {
  readonly heardAt: Date;
  readonly fate: MailFate;
  readonly code: string | null;
  readonly words: string | null;
  /** Of each trigger that went or may have, or was refused, oldest first. */
  readonly claimedAt: readonly Date[];
  readonly riid: string | null;
  readonly outcome: string | null;
  readonly outcomeAt: Date | null;
}

/** A job's mails of one person, newest first; under profiles that were merged into this one, too. */
export async function readMailsOf(
  database: Database,
  jobId: string,
  profileId: string,
): Promise<readonly MailLine[]> {
  const { rows } = await database.query<MailLine>(
    `select heard_at as "heardAt", fate, reason_code as code, words, riid, outcome, outcome_at as "outcomeAt",
            array(select claimed_at from campaign_claims where mail_no = no order by claimed_at) as "claimedAt"
       from campaign_mails
      where job_id = $1
        and profile_id in (select $2::uuid union select alias from profile_aliases where profile_id = $2)
      order by no desc`,
    [jobId, profileId],
  );
  return rows;
}
