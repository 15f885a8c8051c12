/**
 * RIIDs that Responsys answers for members, as identities of their profiles: event files name a person by the
 * RIID alone. Most answers are known already; only those that are new cost a write.
 *
 * The latest answer says whose a record is: it was matched by our own column. A record that another profile
 * holds therefore moves, and the two are not merged, since addresses are swapped and inherited. Only a profile
 * that is known by nothing but records becomes part of the person: it is the clicks of somebody unknown.
 */
import type { Database, Pool } from './database.ts';
import { transaction } from './database.ts';
import { accountOfRiids } from './event-accounts.ts';
import { followProfiles } from './following.ts';
import { findHashed, hashIdentity, recordIdentity } from './identities.ts';
import type { HashedIdentity, HashKeys } from './identities.ts';
import { holdOffMerges, mergeProfiles } from './merging.ts';
import { holdOffNewPeople } from './profiles.ts';
import { addUserFields } from './user-fields.ts';

export interface AnsweredRiid {
  readonly profileId: string;
  readonly riid: string;
  readonly at: Date;
}

interface NewRiid extends AnsweredRiid {
  readonly identity: HashedIdentity;
}

/** Of these answers, those that the profiles do not have yet; the last where several have one record. */
export async function newRiids(
  database: Database,
  hashKeys: HashKeys,
  accountId: string,
  answered: readonly AnsweredRiid[],
): Promise<readonly NewRiid[]> {
  const byRiid = new Map(answered.map((one) => [one.riid, one]));
  const all = Array.from(byRiid.values(), (one) => ({
    ...one,
    identity: hashIdentity(hashKeys, recordIdentity(accountId, one.riid)),
  }));
  if (all.length === 0) return [];
  const holders = await findHashed(
    database,
    all.map(({ identity }) => identity),
  );
  const { rows } = await database.query<{ index: number; id: string; shown: string | null }>(
    `select index::int, profiles.id, fields ->> 'rs_user_id' as shown
       from unnest($1::uuid[]) with ordinality as given (asked, index)
       left join profile_aliases on alias = asked
       join profiles on profiles.id = coalesce(profile_id, asked)`,
    [all.map(({ profileId }) => profileId)],
  );
  return rows.flatMap(({ index, id, shown }) => {
    const one = all[index - 1];
    return one === undefined || (holders[index - 1] === id && shown === one.riid) ? [] : [one];
  });
}

/**
 * Writes RIIDs that are new. Runs in its caller's transaction, under `holdOffNewPeople` and `holdOffMerges`.
 * @param isLatest false where events may have told a newer one since: what the field shows then stays
 */
export async function writeRiids(
  database: Database,
  riids: readonly NewRiid[],
  isLatest = true,
  nowMs = Date.now(),
): Promise<void> {
  if (riids.length === 0) return;
  await addUserFields(database, new Map([['rs_user_id', 'string']]));
  const grown = await joinUnknown(database, riids);
  const hashed = riids.flatMap(({ identity }, index) =>
    identity.hashes.map((one, age) => ({ index: index + 1, isNewest: age === 0, ...one })),
  );
  const { rows } = await database.query<{ id: string }>(
    `with given as (
       select * from unnest($1::uuid[], $2::text[], $3::timestamptz[]) with ordinality as given (asked, riid, at, index)
     ), persons as (
       select index, profiles.id, riid, given.at from given
         left join profile_aliases on alias = asked join profiles on profiles.id = coalesce(profile_id, asked)
     ), hashes as (
       select id, riid, at, key_id, hash, is_newest
         from unnest($4::int[], $5::smallint[], $6::bytea[], $7::boolean[]) as hashed (index, key_id, hash, is_newest)
         join persons using (index)
     ), lost as (
       select distinct on (profile_id) profile_id as id, at
         from hashes join identities using (key_id, hash) join profiles on profiles.id = profile_id
        where profile_id <> hashes.id and fields ->> 'rs_user_id' = riid
     ), owned as (
       insert into identities as known (key_id, hash, field, profile_id)
       select key_id, hash, 'rs_user_id', id from hashes
        -- What an older key still finds moves along; nothing new is written under it.
        where is_newest or exists (select 1 from identities where (key_id, hash) = (hashes.key_id, hashes.hash))
        order by hash
       on conflict (key_id, hash) do update set profile_id = excluded.profile_id
         where known.profile_id <> excluded.profile_id
     ), shown as (
       select distinct on (id) id, riid, at from (
         select id, riid, at from persons
         union all
         select id, null, at from lost where id not in (select id from persons)
       ) as news order by id, at desc
     ), changed as (
       select id, riid, at from shown join profiles using (id)
        where fields ->> 'rs_user_id' is distinct from riid and ($8 or not fields ? 'rs_user_id')
        order by id for no key update of profiles
     ), written as (
       update profiles
          set fields = case when riid is null then fields - 'rs_user_id'
                            else fields || jsonb_build_object('rs_user_id', riid) end,
              riid_at = at, change_no = change_no + 1, updated_at = now()
         from changed where profiles.id = changed.id
       returning profiles.id
     )
     insert into changes (profile_id, change, fields) select id, 'fields', '{rs_user_id}' from written
     returning profile_id as id`,
    [
      riids.map(({ profileId }) => profileId),
      riids.map(({ riid }) => riid),
      riids.map(({ at }) => at),
      hashed.map(({ index }) => index),
      hashed.map(({ keyId }) => keyId),
      hashed.map(({ hash }) => hash),
      hashed.map(({ isNewest }) => isNewest),
      isLatest,
    ],
  );
  const written = rows.map(({ id }) => id);
  await followProfiles(
    database,
    [
      { profileIds: grown, what: 'all' },
      { profileIds: written, what: { fields: ['rs_user_id'] } },
    ],
    nowMs,
  );
}

/**
 * Profiles that are known by nothing but records become part of the person whose record it is.
 * @returns those that others were merged into
 */
async function joinUnknown(database: Database, riids: readonly NewRiid[]): Promise<readonly string[]> {
  const hashed = riids.flatMap(({ identity, profileId }) =>
    identity.hashes.map((one) => ({ ...one, profileId })),
  );
  const { rows } = await database.query<{ stays: string; goes: string }>(
    `select distinct on (identities.profile_id) profiles.id as stays, identities.profile_id as goes
       from unnest($1::uuid[], $2::smallint[], $3::bytea[]) as given (asked, key_id, hash)
       join identities using (key_id, hash)
       left join profile_aliases on alias = asked
       join profiles on profiles.id = coalesce(profile_aliases.profile_id, asked)
      where identities.profile_id <> profiles.id
        and not exists (select 1 from identities as other
                         where other.profile_id = identities.profile_id and other.field <> 'rs_user_id')
      order by identities.profile_id`,
    [
      hashed.map(({ profileId }) => profileId),
      hashed.map(({ keyId }) => keyId),
      hashed.map(({ hash }) => hash),
    ],
  );
  const gone = new Map<string, string>();
  for (const { stays, goes } of rows) {
    const person = gone.get(stays) ?? stays;
    if (person !== goes && (await mergeProfiles(database, person, goes))) gone.set(goes, person);
  }
  return [...new Set(gone.values())];
}

const owedAtOnce = 1_000;

/**
 * Writes what was answered while the account was not known, once it is. Each page is a transaction: what is
 * cut off goes on with the next call.
 * @param signal ends it between two pages
 */
export async function writeOwedRiids(
  store: Pool,
  hashKeys: () => Promise<HashKeys>,
  signal: AbortSignal,
): Promise<void> {
  const { rows: jobs } = await store.query<{ id: string; authorizationId: string }>(
    `select id, authorization_id as "authorizationId" from jobs
      where exists (select 1 from job_members
                     where job_id = jobs.id and riid is not null and riid_account is null)
         or exists (select 1 from campaign_mails
                     where job_id = jobs.id and riid is not null and riid_account is null)`,
  );
  for (const { id, authorizationId } of jobs) {
    const accountId = await accountOfRiids(store, authorizationId);
    if (accountId === undefined) continue;
    const keys = await hashKeys();
    for (const owed of [ofMembers, ofMails])
      while (!signal.aborted) if (!(await writeOwedPage(store, keys, id, accountId, owed))) break;
  }
}

/** Where RIIDs of a job stand. */
interface Owed {
  /** The first of those that are owed, each with its number there. */
  readonly read: string;
  readonly settle: string;
}

const ofMembers: Owed = {
  read: `select profile_id::text as key, profile_id as "profileId", riid, at from job_members
          where job_id = $1 and riid is not null and riid_account is null order by profile_id limit ${owedAtOnce}`,
  settle:
    'update job_members set riid_account = $2 where job_id = $1 and profile_id = any($3::text[]::uuid[])',
};

/** In the order in which they were heard of: the latest answer says whose a record is. */
const ofMails: Owed = {
  read: `select no::text as key, profile_id as "profileId", riid,
                coalesce((select max(claimed_at) from campaign_claims where mail_no = no), settled_at, heard_at) as at
           from campaign_mails
          where job_id = $1 and riid is not null and riid_account is null order by no limit ${owedAtOnce}`,
  settle: 'update campaign_mails set riid_account = $2 where job_id = $1 and no = any($3::text[]::bigint[])',
};

/** @returns whether there may be another */
async function writeOwedPage(
  store: Pool,
  hashKeys: HashKeys,
  jobId: string,
  accountId: string,
  { read, settle }: Owed,
): Promise<boolean> {
  return transaction(store, async (database) => {
    await holdOffNewPeople(database);
    await holdOffMerges(database);
    // In the place of the job's sends, which write the same lines.
    await database.query('select 1 from jobs where id = $1 for no key update', [jobId]);
    const { rows } = await database.query<AnsweredRiid & { readonly key: string }>(read, [jobId]);
    await writeRiids(database, await newRiids(database, hashKeys, accountId, rows), false);
    await database.query(settle, [jobId, accountId, rows.map(({ key }) => key)]);
    return rows.length === owedAtOnce;
  });
}

/** The authorization's account is another now: what was answered is to be written under that one, too. */
export async function oweRiids(database: Database, authorizationId: string): Promise<void> {
  const accountId = await accountOfRiids(database, authorizationId);
  if (accountId === undefined) return;
  for (const table of ['job_members', 'campaign_mails'])
    await database.query(
      `update ${table} set riid_account = null
        where riid_account <> $2 and job_id in (select id from jobs where authorization_id = $1)`,
      [authorizationId, accountId],
    );
}
