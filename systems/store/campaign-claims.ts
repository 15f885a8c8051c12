/**
 * Claims: a mail is triggered by who has claimed its stay, and each stay is claimed once. The claim is
 * committed before the call, so that a process that dies in between leaves a claim without an answer: its mail
 * is of unknown fate, and never sent again by itself. Where a person has it triggered again, that is a second
 * claim, and the first stands: until it is proved that nothing was sent, its mail is never one that did not go.
 * Everything here is written under `lockMails`.
 */
import { ExpectedError } from '../../jobs/errors.ts';
import type { Lane } from '../../jobs/lane.ts';
import { lockMails } from './campaign-entries.ts';
import { mayHaveGone } from './campaign-may-have-gone.ts';
import type { Database, Pool } from './database.ts';
import { transaction } from './database.ts';
import type { HashedIdentity } from './identities.ts';
import { hasEnded } from './jobs.ts';
import { holdOffMerges } from './merging.ts';

export type MailFate =
  | 'waiting'
  | 'claimed'
  | 'accepted'
  | 'rejected'
  | 'unknown'
  | 'left'
  | 'same-address'
  | 'opted-out'
  | 'too-soon'
  | 'not-in-list';

/**
 * A mail is known by its number, which is its own for good: its stay may become another's when two profiles
 * turn out to be one person.
 */
export interface WaitingMail {
  readonly no: number;
  /** As it is called now, where it was merged into another. */
  readonly profileId: string;
}

export interface SettledMail {
  readonly no: number;
  readonly fate: MailFate;
  /** A stable class of reasons, and Responsys' own words, which may quote a value. */
  readonly code?: string | undefined;
  readonly words?: string | undefined;
  readonly riid?: string | undefined;
}

export interface Attempt {
  readonly jobId: string;
  readonly lane: Lane;
  readonly attemptId: string;
}

/**
 * Gives a lane to this attempt: one before it claims nothing more. What that one claimed and has not told of
 * is unknown now; it may still tell, should it live.
 */
export const takeLane = (pool: Pool, { jobId, lane, attemptId }: Attempt): Promise<void> =>
  transaction(pool, async (database) => {
    await lockMails(database, jobId);
    await database.query(
      `insert into campaign_lanes (job_id, lane, attempt) values ($1, $2, $3)
       on conflict (job_id, lane) do update set attempt = excluded.attempt`,
      [jobId, lane, attemptId],
    );
    await leaveUnanswered(database, 'lane = $2 and attempt <> $3', [jobId, lane, attemptId]);
  });

/** @param which of the claims of the job $1 that wait for their answer */
async function leaveUnanswered(
  database: Database,
  which: string,
  values: readonly [jobId: string, ...string[]],
): Promise<void> {
  await database.query(
    `with unanswered as (
       update campaign_claims set answer = 'none' where job_id = $1 and answer = 'awaited' and ${which}
       returning mail_no
     )
     update campaign_mails set fate = 'unknown', reason_code = 'no-answer', settled_at = now()
       from unanswered where no = mail_no and fate = 'claimed'`,
    [...values],
  );
}

/** Whether no other attempt has taken the lane; it stays so under `lockMails`. */
export async function holdsLane(database: Database, { jobId, lane, attemptId }: Attempt): Promise<boolean> {
  const { rowCount } = await database.query(
    'select 1 from campaign_lanes where job_id = $1 and lane = $2 and attempt = $3',
    [jobId, lane, attemptId],
  );
  return rowCount === 1;
}

/**
 * Nothing of a job is under way any more: what was claimed and not told of is unknown, and so is again what a
 * person had triggered once more.
 */
export async function settleClaims(database: Database, jobId: string): Promise<void> {
  await lockMails(database, jobId);
  await leaveUnanswered(database, 'true', [jobId]);
  await database.query(
    `update campaign_mails as mails set fate = 'unknown', reason_code = 'no-answer', settled_at = now()
      where job_id = $1 and fate = 'waiting' and ${mayHaveGone('mails.no')}`,
    [jobId],
  );
  await database.query('delete from campaign_lanes where job_id = $1', [jobId]);
}

/**
 * The mails that wait for these members, oldest first; those who left get their fate at once. Runs in a
 * transaction of its caller, which holds off merges.
 */
export async function readWaiting(
  database: Database,
  jobId: string,
  profileIds: readonly string[],
): Promise<readonly WaitingMail[]> {
  await lockMails(database, jobId);
  const { rows } = await database.query<
    WaitingMail & { stayId: string; stayNow: string | null; mayHaveGone: boolean }
  >(
    `with asked as (
         select id from unnest($2::uuid[]) as id
         union select profile_id from profile_aliases where alias = any($2::uuid[])
       ), persons as (
         select id from asked
         union select alias from profile_aliases where profile_id in (select id from asked)
       )
       select mails.no, mails.stay_id as "stayId", coalesce(aliases.profile_id, mails.profile_id) as "profileId",
              members.stay_id as "stayNow", ${mayHaveGone('mails.no')} as "mayHaveGone"
         from campaign_mails as mails
         left join profile_aliases as aliases on alias = mails.profile_id
         left join audience_members as members
           on members.audience_id = mails.audience_id and is_member
          and members.profile_id = coalesce(aliases.profile_id, mails.profile_id)
        where job_id = $1 and fate = 'waiting' and mails.profile_id = any(array(select id from persons))
        order by mails.no`,
    [jobId, profileIds],
  );
  const isLeft = ({ stayId, stayNow, mayHaveGone: went }: (typeof rows)[number]): boolean =>
    // Of what went, or may have, another stay is another mail, which the job hears of by itself.
    stayNow === null || (went && stayNow !== stayId);
  await settleMails(
    database,
    jobId,
    rows.filter(isLeft).map(({ no }) => ({ no, fate: 'left' })),
  );
  const lasting = rows.filter((row) => !isLeft(row));
  const moved = await moveOn(
    database,
    jobId,
    lasting.filter(({ stayId, stayNow }) => stayNow !== stayId),
  );
  return lasting
    .filter(({ no, stayId, stayNow }) => stayNow === stayId || moved.has(no))
    .map(({ no, profileId }) => ({ no, profileId }));
}

/**
 * Stays that ended and began anew before anything was sent: they are one, that of now. Where that one has a
 * mail of its own, as after two profiles became one, the other is the same person's.
 * @returns the mails that are of the stay of now
 */
async function moveOn(
  database: Database,
  jobId: string,
  mails: readonly { readonly no: number; readonly stayNow: string | null }[],
): Promise<ReadonlySet<number>> {
  const moved = new Set<number>();
  for (const { no, stayNow } of mails) {
    const { rowCount } = await database.query(
      `update campaign_mails set stay_id = $3
        where job_id = $1 and no = $2 and fate = 'waiting'
          and not exists (select 1 from campaign_mails where job_id = $1 and stay_id = $3)`,
      [jobId, no, stayNow],
    );
    if (rowCount === 1) moved.add(no);
    else await settleMails(database, jobId, [{ no, fate: 'same-address' }]);
  }
  return moved;
}

/**
 * Gives mails that wait and are not triggered their fate, under `lockMails`. Those of which an earlier trigger
 * may have gone are still of unknown fate; the reason tells why they are not triggered again.
 */
export async function settleMails(
  database: Database,
  jobId: string,
  mails: readonly SettledMail[],
): Promise<void> {
  if (mails.length === 0) return;
  await database.query(
    `update campaign_mails as mails
        set fate = case when went then 'unknown' else given.fate end,
            reason_code = case when went then coalesce(given.code, given.fate) else given.code end,
            words = given.words, riid = coalesce(given.riid, mails.riid), settled_at = now()
       from unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[]) as given (no, fate, code, words, riid),
            lateral (select ${mayHaveGone('given.no')} as went) as earlier
      where job_id = $1 and mails.no = given.no and mails.fate = 'waiting'`,
    [jobId, ...columnsOf(mails)],
  );
}

const columnsOf = (mails: readonly SettledMail[]) => [
  mails.map(({ no }) => no),
  mails.map(({ fate }) => fate),
  mails.map(({ code }) => code ?? null),
  mails.map(({ words }) => words ?? null),
  mails.map(({ riid }) => riid ?? null),
];

/** A mail with whom it goes to. */
export interface AddressedMail extends WaitingMail {
  readonly address: HashedIdentity;
  /** The record of the campaign's list, once it is known. */
  readonly riid?: string | undefined;
}

/**
 * Of these mails, those that a guard keeps back, with the fate that this is: the person, the address or the
 * record has a mail of a stay that lasts, or had one within so many days. Under `lockMails`.
 */
export async function guardMails(
  database: Database,
  jobId: string,
  mails: readonly AddressedMail[],
  oneMailInDays: number | undefined,
): Promise<ReadonlyMap<number, 'same-address' | 'too-soon'>> {
  if (mails.length === 0) return new Map();
  const hashes = mails.flatMap(({ no, address }) => address.hashes.map((one) => ({ ...one, no })));
  const { rows } = await database.query<{ no: number; lasts: boolean }>(
    `with given as (
       select * from unnest($2::bigint[], $3::uuid[], $4::text[]) as given (no, profile_id, riid)
     ), hashed as (
       select * from unnest($5::bigint[], $6::smallint[], $7::bytea[]) as hashed (no, key_id, hash)
     ), alike as (
       select given.no, mails.no as other
         from given join campaign_mails as mails on job_id = $1 and mails.profile_id = given.profile_id
       union
       select given.no, mails.no
         from given join profile_aliases as merged on merged.profile_id = given.profile_id
         join campaign_mails as mails on job_id = $1 and mails.profile_id = alias
       union
       select hashed.no, mail_no
         from hashed join campaign_claims as claims
           on job_id = $1 and address_hash = hash and claims.key_id = hashed.key_id
       union
       select given.no, mail_no
         from given join campaign_claims as claims on job_id = $1 and claims.riid = given.riid
     )
     select alike.no, bool_or(members.stay_id is not null) as lasts
       from alike
       join campaign_mails as mails on mails.no = other
       join campaign_claims as claims on mail_no = other
       left join profile_aliases as aliases on alias = mails.profile_id
       left join audience_members as members
         on members.audience_id = mails.audience_id and members.stay_id = mails.stay_id and is_member
        and members.profile_id = coalesce(aliases.profile_id, mails.profile_id)
      where other <> alike.no and (answer <> 'refused' or outcome is not null)
        and (members.stay_id is not null or claimed_at > now() - make_interval(days => $8::int))
      group by 1`,
    [
      jobId,
      mails.map(({ no }) => no),
      mails.map(({ profileId }) => profileId),
      mails.map(({ riid }) => riid ?? null),
      hashes.map(({ no }) => no),
      hashes.map(({ keyId }) => keyId),
      hashes.map(({ hash }) => hash),
      oneMailInDays ?? null,
    ],
  );
  return new Map(rows.map(({ no, lasts }) => [no, lasts ? 'same-address' : 'too-soon']));
}

export interface MailBounds {
  readonly oneMailInDays?: number | undefined;
  readonly mailsADay?: number | undefined;
}

export interface Claims {
  readonly claimed: ReadonlySet<number>;
  /** Those that go to one to whom another of these claims goes: mail → that other. */
  readonly twins: ReadonlyMap<number, number>;
  /** Those beyond the day's number, which wait. */
  readonly held: { readonly nos: readonly number[]; readonly untilMs: number } | undefined;
}

/**
 * Claims mails for the one call that comes next. Those who left, and those whom a guard keeps back, get their
 * fate here, in the same transaction.
 * @throws ExpectedError NOT_NOW for an attempt that was overtaken, or whose job has ended
 */
export const claimMails = (
  pool: Pool,
  { jobId, lane, attemptId }: Attempt,
  campaignId: string | null,
  mails: readonly AddressedMail[],
  bounds: MailBounds,
): Promise<Claims> =>
  transaction(pool, async (database) => {
    // Whose a stay is, is so until the claim is written.
    await holdOffMerges(database);
    await lockMails(database, jobId);
    if (await hasEnded(database, jobId))
      throw new ExpectedError('NOT_NOW', 'The job has ended: nobody is mailed any more.');
    if (!(await holdsLane(database, { jobId, lane, attemptId })))
      throw new ExpectedError('NOT_NOW', 'Another attempt has taken these mails over.');
    const present = await stillPresent(database, jobId, mails);
    const guarded = await guardMails(database, jobId, present, bounds.oneMailInDays);
    await settleMails(
      database,
      jobId,
      [...guarded].map(([no, fate]) => ({ no, fate })),
    );
    const room =
      bounds.mailsADay === undefined ? Infinity : await roomOfDay(database, jobId, bounds.mailsADay);

    const claimed = new Map<number, AddressedMail>();
    const twins = new Map<number, number>();
    const beyond: number[] = [];
    /** By whom or what two mails are the same person's. */
    const taken = new Map<string, number>();
    for (const mail of present) {
      if (guarded.has(mail.no)) continue;
      const marks = marksOf(mail);
      const twin = marks.map((mark) => taken.get(mark)).find((one) => one !== undefined);
      if (twin !== undefined) twins.set(mail.no, twin);
      else if (claimed.size >= room) beyond.push(mail.no);
      else {
        claimed.set(mail.no, mail);
        for (const mark of marks) taken.set(mark, mail.no);
      }
    }
    const list = [...claimed.values()];
    const { rows: written } = await database.query<{ no: number }>(
      `with given as (
         select * from unnest($5::bigint[], $6::smallint[], $7::bytea[], $8::text[]) as given (no, key_id, hash, riid)
       ), claimed as (
         update campaign_mails as mails
            set fate = 'claimed', settled_at = null, riid = given.riid, reason_code = null, words = null
           from given where job_id = $1 and mails.no = given.no and fate = 'waiting'
         returning mails.no
       )
       insert into campaign_claims (job_id, lane, attempt, campaign_id, mail_no, key_id, address_hash, riid)
       select $1, $2, $3, $4, no, key_id, hash, riid from given join claimed using (no)
       returning mail_no as no`,
      [
        jobId,
        lane,
        attemptId,
        campaignId,
        list.map(({ no }) => no),
        list.map(({ address }) => address.hashes[0].keyId),
        list.map(({ address }) => address.hashes[0].hash),
        list.map(({ riid }) => riid ?? null),
      ],
    );
    const own = new Set(written.map(({ no }) => no));
    // Whose twin an event file has told of at this moment.
    const late = [...twins].filter(([, twin]) => !own.has(twin)).map(([no]) => no);
    await settleMails(
      database,
      jobId,
      late.map((no) => ({ no, fate: 'same-address' })),
    );
    for (const no of late) twins.delete(no);
    const held =
      bounds.mailsADay === undefined || beyond.length === 0
        ? undefined
        : { nos: beyond, untilMs: await roomAgainMs(database, jobId, bounds.mailsADay) };
    return { claimed: own, twins, held };
  });

const marksOf = ({ profileId, address, riid }: AddressedMail): string[] => [
  profileId,
  address.hashes[0].hash.toString('hex'),
  ...(riid === undefined ? [] : [`riid ${riid}`]),
];

/** Those that still wait and whose stay lasts; who left meanwhile gets that fate. */
async function stillPresent(
  database: Database,
  jobId: string,
  mails: readonly AddressedMail[],
): Promise<readonly AddressedMail[]> {
  const { rows } = await database.query<{ no: number; lasts: boolean }>(
    `select mails.no, members.stay_id is not null as lasts
       from campaign_mails as mails
       left join profile_aliases as aliases on alias = mails.profile_id
       left join audience_members as members
         on members.audience_id = mails.audience_id and members.stay_id = mails.stay_id and is_member
        and members.profile_id = coalesce(aliases.profile_id, mails.profile_id)
      where job_id = $1 and mails.no = any($2::bigint[]) and fate = 'waiting'`,
    [jobId, mails.map(({ no }) => no)],
  );
  const lasting = new Set(rows.filter(({ lasts }) => lasts).map(({ no }) => no));
  await settleMails(
    database,
    jobId,
    rows.filter(({ lasts }) => !lasts).map(({ no }) => ({ no, fate: 'left' })),
  );
  return mails.filter(({ no }) => lasting.has(no));
}

async function roomOfDay(database: Database, jobId: string, mailsADay: number): Promise<number> {
  const { rows } = await database.query<{ used: number }>(
    `select count(*) as used from campaign_claims
      where job_id = $1 and claimed_at > now() - interval '24 hours' and answer <> 'refused'`,
    [jobId],
  );
  return Math.max(mailsADay - (rows[0]?.used ?? 0), 0);
}

/** When the oldest mail of the last 24 hours that fills the day is no longer of them. */
async function roomAgainMs(database: Database, jobId: string, mailsADay: number): Promise<number> {
  const { rows } = await database.query<{ at: Date }>(
    `select claimed_at as at from campaign_claims
      where job_id = $1 and claimed_at > now() - interval '24 hours' and answer <> 'refused'
      order by claimed_at desc offset $2 limit 1`,
    [jobId, mailsADay - 1],
  );
  return (rows[0]?.at.getTime() ?? Date.now()) + 24 * 3_600_000;
}

/**
 * Writes what became of an attempt's claims, under `lockMails`. Proved to be unsent (`waiting`), a claim is
 * released; where the member has entered again meanwhile, that newer stay is the one that waits. An answer that
 * comes late, of a claim that another followed, says what it can: that the mail went, or that it is not this
 * trigger by which it may have gone.
 */
export async function writeOutcomes(
  database: Database,
  { jobId, attemptId }: Attempt,
  outcomes: readonly SettledMail[],
): Promise<void> {
  if (outcomes.length === 0) return;
  const { rows: claims } = await database.query<{ no: number; isNewest: boolean }>(
    `select mail_no as no, not exists (select 1 from campaign_claims as newer
                                        where newer.mail_no = own.mail_no and newer.claimed_at > own.claimed_at)
              as "isNewest"
       from campaign_claims as own where mail_no = any($1::bigint[]) and attempt = $2`,
    [outcomes.map(({ no }) => no), attemptId],
  );
  const isNewest = new Map(claims.map((claim) => [claim.no, claim.isNewest]));
  const told = outcomes.filter(({ no }) => isNewest.has(no));
  const unsent = told.filter(({ fate }) => fate === 'waiting').map(({ no }) => no);
  await database.query(
    `delete from campaign_claims
      where mail_no = any($1::bigint[]) and attempt = $2 and answer in ('awaited', 'none')`,
    [unsent, attemptId],
  );
  await database.query(
    `update campaign_claims as claims
        set answer = case given.fate when 'accepted' then 'taken' when 'rejected' then 'refused' else 'none' end,
            riid = coalesce(given.riid, claims.riid)
       from unnest($1::bigint[], $2::text[], $3::text[]) as given (no, fate, riid)
      where mail_no = given.no and attempt = $4 and answer in ('awaited', 'none')`,
    [told.map(({ no }) => no), told.map(({ fate }) => fate), told.map(({ riid }) => riid ?? null), attemptId],
  );
  await database.query(
    `with given as (
       select no, given.fate, given.code, given.words, given.riid, is_newest,
              ${mayHaveGone('given.no')} as went,
              exists (select 1 from campaign_mails as own join campaign_mails as newer
                          on newer.job_id = own.job_id and newer.profile_id = own.profile_id
                         and newer.audience_id = own.audience_id and newer.no <> own.no and newer.fate = 'waiting'
                       where own.no = given.no) as waits_anew
         from unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::boolean[])
           as given (no, fate, code, words, riid, is_newest)
     ), settled as (
       select given.*,
              case when fate in ('accepted', 'unknown') then fate
                   when not is_newest and went then null
                   when fate = 'waiting' and not waits_anew then fate
                   when went then 'unknown'
                   when fate = 'waiting' then 'left'
                   else fate end as becomes
         from given
     )
     update campaign_mails as mails
        set fate = becomes, reason_code = code, words = settled.words, riid = coalesce(settled.riid, mails.riid),
            settled_at = case when becomes = 'waiting' then null else now() end
       from settled
      where job_id = $1 and mails.no = settled.no and becomes is not null
        and (mails.fate in ('claimed', 'unknown') or becomes = 'accepted')`,
    [jobId, ...columnsOf(told), told.map(({ no }) => isNewest.get(no) ?? false)],
  );
}
