/**
 * What event files say of mails: sent, skipped, failed, bounced, opened, clicked. An event is of the latest mail
 * of its campaign to that record or address that was claimed before it; it shows that the trigger was taken,
 * whatever was known of it. A claim is committed before its call, and so before any event of it.
 */
import type { Database } from './database.ts';
import type { HashedIdentity } from './identities.ts';

/** Events of mails, as the stream names them. */
export const mailEvents = ['sent', 'skipped', 'fail', 'bounce', 'open', 'click'] as const;
export type MailEventName = (typeof mailEvents)[number];

export interface MailEvent {
  readonly campaignId: string;
  readonly riid: string | undefined;
  readonly address: HashedIdentity | undefined;
  readonly atMs: number;
  /** Of one that was skipped, failed or bounced. */
  readonly reason: string | undefined;
}

/** How far Responsys' clock may be behind the store's. Event times are whole seconds besides. Ours. */
const clockSkew = "interval '2 minutes'";

const outcomes: Readonly<Record<MailEventName, string | null>> = {
  sent: 'sent',
  skipped: 'skipped',
  fail: 'failed',
  bounce: 'bounced',
  open: null,
  click: null,
};

/** The campaigns of which there are mails, or may be: one small read, so that other imports pay nothing more. */
export async function mailedCampaigns(database: Database): Promise<ReadonlySet<string>> {
  const { rows } = await database.query<{ id: string }>(
    `select distinct plan ->> 'campaignId' as id from jobs
      where kind = 'export-campaign' and plan ->> 'campaignId' is not null`,
  );
  return new Set(rows.map(({ id }) => id));
}

/** Runs in the transaction that inserts the events, with those that were really inserted. */
export async function settleByEvents(
  database: Database,
  name: MailEventName,
  events: readonly MailEvent[],
): Promise<void> {
  if (events.length === 0) return;
  const hashes = events.flatMap(({ address }, no) => (address?.hashes ?? []).map((one) => ({ ...one, no })));
  await database.query(
    `with given as (
       select * from unnest($3::int[], $4::text[], $5::text[], $6::timestamptz[], $7::text[])
         as given (event_no, campaign_id, riid, at, reason)
     ), hashed as (
       select * from unnest($8::int[], $9::smallint[], $10::bytea[]) as hashed (event_no, key_id, hash)
     ), found as (
       select event_no, job_id, stay_id, claimed_at from given join campaign_mails as mails using (riid, campaign_id)
       union
       select event_no, job_id, stay_id, claimed_at
         from hashed join given using (event_no)
         join campaign_mails as mails
           on address_hash = hash and mails.key_id = hashed.key_id and mails.campaign_id = given.campaign_id
     ), latest as (
       select distinct on (event_no) event_no, job_id, stay_id, at, reason
         from found join given using (event_no) where claimed_at <= at + ${clockSkew} order by event_no, claimed_at desc
     ), first as (
       select distinct on (job_id, stay_id) job_id, stay_id, at, reason from latest order by job_id, stay_id, at
     )
     update campaign_mails as mails
        set fate = case when fate in ('claimed', 'unknown') then 'accepted' else fate end,
            -- What came back later was sent before; the other way round says nothing new.
            outcome = case when $2::text is null or outcome = 'bounced' or ($2 = 'sent' and outcome is not null)
                           then outcome else $2 end,
            outcome_reason = case when $2::text is null or outcome = 'bounced' or ($2 = 'sent' and outcome is not null)
                                  then outcome_reason else first.reason end,
            outcome_at = case when $2::text is null or outcome = 'bounced' or ($2 = 'sent' and outcome is not null)
                              then outcome_at else first.at end,
            opened_at = case when $1 = 'open' then least(opened_at, first.at) else opened_at end,
            clicked_at = case when $1 = 'click' then least(clicked_at, first.at) else clicked_at end
       from first where mails.job_id = first.job_id and mails.stay_id = first.stay_id`,
    [
      name,
      outcomes[name],
      events.map((_, no) => no),
      events.map(({ campaignId }) => campaignId),
      events.map(({ riid }) => riid ?? null),
      events.map(({ atMs }) => new Date(atMs)),
      events.map(({ reason }) => reason ?? null),
      hashes.map(({ no }) => no),
      hashes.map(({ keyId }) => keyId),
      hashes.map(({ hash }) => hash),
    ],
  );
}
