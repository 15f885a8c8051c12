/**
 * Claims: a mail is triggered by who has claimed its stay, and each stay is claimed once. The claim is
 * committed before the call, so that a process that dies in between leaves a claim without an outcome: that is
 * of unknown fate, and never sent again by itself. Everything here is written under `lockMails`.
 */
import { ExpectedError } from '../../jobs/errors.ts';
import type { Lane } from '../../jobs/lane.ts';
import { lockMails } from './campaign-entries.ts';
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

/** Fates of those who were mailed, or may have been. */
const mailed = "('claimed', 'accepted', 'unknown')";

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
    await database.query(
      `update campaign_mails set fate = 'unknown', reason_code = 'no-answer', settled_at = now()
        where job_id = $1 and fate = 'claimed' and lane = $2 and attempt <> $3`,
      [jobId, lane, attemptId],
    );
  });

/** Whether no other attempt has taken the lane; it stays so under `lockMails`. */
export async function holdsLane(database: Database, { jobId, lane, attemptId }: Attempt): Promise<boolean> {
  const { rowCount } = await database.query(
    'select 1 from campaign_lanes where job_id = $1 and lane = $2 and attempt = $3',
    [jobId, lane, attemptId],
  );
  return rowCount === 1;
}

/** Nothing of a job is under way any more: what was claimed and not told of is unknown. */
export async function settleClaims(database: Database, jobId: string): Promise<void> {
  await lockMails(database, jobId);
  await database.query(
    `update campaign_mails set fate = 'unknown', reason_code = 'no-answer', settled_at = now()
      where job_id = $1 and fate = 'claimed'`,
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
  const { rows } = await database.query<WaitingMail & { stayId: string; stayNow: string | null }>(
    `with asked as (
         select id from unnest($2::uuid[]) as id
         union select profile_id from profile_aliases where alias = any($2::uuid[])
       ), persons as (
         select id from asked
         union select alias from profile_aliases where profile_id in (select id from asked)
       )
       select mails.no, mails.stay_id as "stayId", coalesce(aliases.profile_id, mails.profile_id) as "profileId",
              members.stay_id as "stayNow"
         from campaign_mails as mails
         left join profile_aliases as aliases on alias = mails.profile_id
         left join audience_members as members
           on members.audience_id = mails.audience_id and is_member
          and members.profile_id = coalesce(aliases.profile_id, mails.profile_id)
        where job_id = $1 and fate = 'waiting' and mails.profile_id = any(array(select id from persons))
        order by mails.no`,
    [jobId, profileIds],
  );
  const left = rows.filter(({ stayNow }) => stayNow === null);
  await settleMails(
    database,
    jobId,
    left.map(({ no }) => ({ no, fate: 'left' })),
  );
  const moved = await moveOn(
    database,
    jobId,
    rows.filter(({ stayId, stayNow }) => stayNow !== null && stayNow !== stayId),
  );
  return rows
    .filter(({ no, stayId, stayNow }) => stayNow !== null && (stayNow === stayId || moved.has(no)))
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

/** Gives mails that wait their fate, under `lockMails`. */
export async function settleMails(
  database: Database,
  jobId: string,
  mails: readonly SettledMail[],
): Promise<void> {
  if (mails.length === 0) return;
  await database.query(
    `update campaign_mails as mails
        set fate = given.fate, reason_code = given.code, words = given.words,
            riid = coalesce(given.riid, mails.riid), settled_at = now()
       from unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[]) as given (no, fate, code, words, riid)
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
       select hashed.no, mails.no
         from hashed join campaign_mails as mails
           on job_id = $1 and mails.address_hash = hash and mails.key_id = hashed.key_id
       union
       select given.no, mails.no
         from given join campaign_mails as mails on job_id = $1 and mails.riid = given.riid
     )
     select alike.no, bool_or(members.stay_id is not null) as lasts
       from alike
       join campaign_mails as mails on job_id = $1 and mails.no = other
       left join profile_aliases as aliases on alias = mails.profile_id
       left join audience_members as members
         on members.audience_id = mails.audience_id and members.stay_id = mails.stay_id and is_member
        and members.profile_id = coalesce(aliases.profile_id, mails.profile_id)
      where other <> alike.no and fate in ${mailed}
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
      `update campaign_mails as mails
          set fate = 'claimed', lane = $2, attempt = $3, campaign_id = $4, claimed_at = clock_timestamp(),
              settled_at = null, key_id = given.key_id, address_hash = given.hash, riid = given.riid,
              reason_code = null, words = null
         from unnest($5::bigint[], $6::smallint[], $7::bytea[], $8::text[]) as given (no, key_id, hash, riid)
        where job_id = $1 and mails.no = given.no and fate = 'waiting'
       returning mails.no`,
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
    const held =
      bounds.mailsADay === undefined || beyond.length === 0
        ? undefined
        : { nos: beyond, untilMs: await roomAgainMs(database, jobId, bounds.mailsADay) };
    return { claimed: new Set(written.map(({ no }) => no)), twins, held };
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
    `select count(*) as used from campaign_mails
      where job_id = $1 and claimed_at > now() - interval '24 hours' and fate in ${mailed}`,
    [jobId],
  );
  return Math.max(mailsADay - (rows[0]?.used ?? 0), 0);
}

/** When the oldest mail of the last 24 hours that fills the day is no longer of them. */
async function roomAgainMs(database: Database, jobId: string, mailsADay: number): Promise<number> {
  const { rows } = await database.query<{ at: Date }>(
    `select claimed_at as at from campaign_mails
      where job_id = $1 and claimed_at > now() - interval '24 hours' and fate in ${mailed}
      order by claimed_at desc offset $2 limit 1`,
    [jobId, mailsADay - 1],
  );
  return (rows[0]?.at.getTime() ?? Date.now()) + 24 * 3_600_000;
}

/**
 * Writes what became of an attempt's claims, under `lockMails`. Proved to be unsent (`waiting`), a claim is
 * released; where the member has entered again meanwhile, that newer stay is the one that waits.
 */
export async function writeOutcomes(
  database: Database,
  { jobId, attemptId }: Attempt,
  outcomes: readonly SettledMail[],
): Promise<void> {
  if (outcomes.length === 0) return;
  await database.query(
    `update campaign_mails as mails
        set fate = case when given.fate = 'waiting' and newer.stay_id is not null then 'left' else given.fate end,
            reason_code = given.code, words = given.words, riid = coalesce(given.riid, mails.riid),
            claimed_at = case when given.fate = 'waiting' then null else mails.claimed_at end,
            settled_at = case when given.fate = 'waiting' and newer.stay_id is null then null else now() end
       from unnest($3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[]) as given (no, fate, code, words, riid)
       join campaign_mails as own on own.job_id = $1 and own.no = given.no
       left join campaign_mails as newer
         on newer.job_id = $1 and newer.fate = 'waiting' and newer.no <> own.no
        and newer.profile_id = own.profile_id and newer.audience_id = own.audience_id
      where mails.job_id = $1 and mails.no = given.no and mails.attempt = $2
        and mails.fate in ('claimed', 'unknown')`,
    [jobId, attemptId, ...columnsOf(outcomes)],
  );
}
