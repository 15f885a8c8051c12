/**
 * What event files say of mails: sent, skipped, failed, bounced, opened, clicked. An event is of the latest claim
 * of its campaign to that record or address that was made before it; it shows that the trigger was taken,
 * whatever was known of it, and whatever the mail waits for now. A claim is committed before its call, and so
 * before any event of it.
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

/** A trigger that Responsys had refused is told of as such, unless it is about to be made again. */
const isTaken = "(fate = 'waiting' or not first.was_refused)";

/** What came back later was sent before, and of two triggers one may be skipped: the other way round says nothing. */
const saysNothingNew = `($2::text is null or outcome = 'bounced' or ($2 = 'sent' and outcome <> 'skipped')
  or ($2 = 'skipped' and outcome is not null))`;

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
       select event_no, mail_no, attempt, answer, claimed_at
         from given join campaign_claims as claims using (riid, campaign_id)
       union
       select event_no, mail_no, attempt, answer, claimed_at
         from hashed join given using (event_no)
         join campaign_claims as claims
           on address_hash = hash and claims.key_id = hashed.key_id and claims.campaign_id = given.campaign_id
     ), latest as (
       select distinct on (event_no) event_no, mail_no, attempt, answer, at, reason
         from found join given using (event_no) where claimed_at <= at + ${clockSkew}
        -- Of one that was refused only where it can be of no other.
        order by event_no, answer = 'refused', claimed_at desc
     ), taken as (
       update campaign_claims as claims set answer = 'taken'
         from latest join campaign_mails on no = latest.mail_no
        where claims.mail_no = latest.mail_no and claims.attempt = latest.attempt
          and (claims.answer in ('awaited', 'none') or fate = 'waiting')
     ), first as (
       select distinct on (mail_no) mail_no, at, reason,
              bool_and(answer = 'refused') over (partition by mail_no) as was_refused
         from latest order by mail_no, at
     )
     update campaign_mails as mails
        set fate = case when ${isTaken} then 'accepted' else fate end,
            reason_code = case when ${isTaken} then null else reason_code end,
            words = case when ${isTaken} then null else words end,
            settled_at = case when ${isTaken} then coalesce(settled_at, now()) else settled_at end,
            outcome = case when ${saysNothingNew} then outcome else $2 end,
            outcome_reason = case when ${saysNothingNew} then outcome_reason else first.reason end,
            outcome_at = case when ${saysNothingNew} then outcome_at else first.at end,
            opened_at = case when $1 = 'open' then least(opened_at, first.at) else opened_at end,
            clicked_at = case when $1 = 'click' then least(clicked_at, first.at) else clicked_at end
       from first where mails.no = first.mail_no`,
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
