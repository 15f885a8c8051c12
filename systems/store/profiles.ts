/**
 * Profiles: what is known of a person. Written under a lock on the identities, so that two imports at once
 * make one profile of one person.
 */
import type { Database } from './database.ts';
import { followProfiles } from './following.ts';
import { addHashed, findHashed, hashIdentity } from './identities.ts';
import type { HashedIdentity, HashKeys, Identity } from './identities.ts';
import { holdOffMerges, mergeProfiles } from './merging.ts';

/** A value of a user field, as JSON has it. Fields without a value are absent. */
export type FieldValue =
  string | number | boolean | readonly string[] | Readonly<Record<string, string | number | boolean>>;

export interface ProfileInput {
  /**
   * At least one. They are one person's: profiles that they lead to are merged into that of the first; where
   * two cannot be one person, the first decides, and what belongs to the other is left alone.
   */
  readonly identities: readonly Identity[];
  readonly fields: Readonly<Record<string, FieldValue>>;
}

export interface WrittenProfile {
  readonly profileId: string;
  readonly outcome: 'new' | 'changed' | 'unchanged';
}

const lockSpace = 0x6c79;
/** Shared by those who lock single identities, taken alone by who locks them all. */
const everybodyLock = 0x6c7a;

/**
 * Writes profiles: new people are made, known ones get the fields that differ. A field that an input lacks
 * stays as it is. Inputs of one person in one call are written in their order.
 * @returns for each input its profile's id, and what became of the profile in this call
 */
export async function writeProfiles(
  database: Database,
  hashKeys: HashKeys,
  inputs: readonly ProfileInput[],
  nowMs = Date.now(),
): Promise<readonly WrittenProfile[]> {
  const identities = inputs.flatMap((input) =>
    input.identities.map((identity) => hashIdentity(hashKeys, identity)),
  );
  await lockIdentities(database, identities);
  await holdOffMerges(database);
  const known = await findHashed(database, identities);
  const { ids, owners, created, grown } = await assignIds(database, inputs, identities, known);
  const fields = mergeInputs(inputs, ids, owners);
  await createProfiles(database, created, fields);
  // With several keys a known identity may be known by an older one only: it is written under the newest.
  const isWritten = (at: number): boolean => known[at] !== undefined && hashKeys.keys.length === 1;
  await addHashed(
    database,
    identities.flatMap((identity, at) => (isWritten(at) ? [] : [{ ...identity, profileId: owners[at] }])),
  );
  const changed = await mergeFields(database, created, fields);
  await followProfiles(
    database,
    [
      { profileIds: [...created, ...grown], what: 'all' },
      { profileIds: [...changed.ids], what: { fields: changed.fields } },
    ],
    nowMs,
  );
  return ids.map((profileId) => ({
    profileId,
    outcome: created.has(profileId) ? 'new' : changed.ids.has(profileId) ? 'changed' : 'unchanged',
  }));
}

/**
 * Locks for identities, each for many of them: PostgreSQL has room for 6,400 locks of all transactions together,
 * unless it is set up with more.
 */
const identityLocks = 2_048;

/** Advisory locks in sorted order: rows that do not exist yet cannot be locked otherwise. */
async function lockIdentities(database: Database, identities: readonly HashedIdentity[]): Promise<void> {
  await holdOffNewPeople(database);
  const slots = new Set(
    identities.map(({ hashes: [newest] }) => newest.hash.readUInt16BE(0) % identityLocks),
  );
  await database.query(
    'select pg_advisory_xact_lock($1::int, slot) from (select unnest($2::int[]) as slot order by slot) as slots',
    [lockSpace, [...slots]],
  );
}

/**
 * Holds off those who make people of identities that they found unknown, until the transaction ends. To be
 * taken before `holdOffMerges`, as they do.
 */
export async function holdOffNewPeople(database: Database): Promise<void> {
  await database.query('select pg_advisory_xact_lock_shared($1)', [everybodyLock]);
}

/** Locks every identity: one lock in the place of more than the server has room for. */
export async function lockAllIdentities(database: Database): Promise<void> {
  await database.query('select pg_advisory_xact_lock($1)', [everybodyLock]);
}

interface Assigned {
  /** For each input. */
  readonly ids: readonly string[];
  /** For each identity of each input: whose it is. */
  readonly owners: readonly string[];
  /** The new ones. */
  readonly created: ReadonlySet<string>;
  /** Those that others were merged into. */
  readonly grown: ReadonlySet<string>;
}

async function assignIds(
  database: Database,
  inputs: readonly ProfileInput[],
  identities: readonly Identity[],
  known: readonly (string | undefined)[],
): Promise<Assigned> {
  const byIdentity = new Map<string, string>();
  identities.forEach((identity, index) => {
    const profileId = known[index];
    if (profileId !== undefined) byIdentity.set(identityKey(identity), profileId);
  });
  const created = new Set<string>();
  const merged = new Map<string, string>();
  const grown = new Set<string>();
  const resolve = (id: string): string => {
    const into = merged.get(id);
    return into === undefined ? id : resolve(into);
  };
  const holder = (identity: Identity): string | undefined => {
    const id = byIdentity.get(identityKey(identity));
    return id === undefined ? undefined : resolve(id);
  };
  /** @returns the one that stays; undefined where they cannot be one person */
  const unite = async (first: string, other: string): Promise<string | undefined> => {
    // Of two that are not written yet, or one that is not, there is nothing to move.
    const [stays, goes] = created.has(first) && !created.has(other) ? [other, first] : [first, other];
    if (!created.has(goes)) {
      if (!(await mergeProfiles(database, stays, goes))) return undefined;
      grown.delete(goes);
      grown.add(stays);
    }
    created.delete(goes);
    merged.set(goes, stays);
    return stays;
  };
  const ids: string[] = [];
  for (const input of inputs) {
    const found = [...new Set(input.identities.map(holder).filter((id) => id !== undefined))];
    const [first, ...others] = found;
    let profileId = first ?? crypto.randomUUID();
    if (first === undefined) created.add(profileId);
    for (const other of others) profileId = (await unite(profileId, other)) ?? profileId;
    for (const identity of input.identities)
      if (holder(identity) === undefined) byIdentity.set(identityKey(identity), profileId);
    ids.push(profileId);
  }
  return {
    ids: ids.map(resolve),
    owners: identities.map((identity, index) => holder(identity) ?? ids[index] ?? ''),
    created,
    grown,
  };
}

type FieldsOfProfiles = ReadonlyMap<string, Readonly<Record<string, FieldValue>>>;

/** Of one person's inputs, the later one wins, field by field; another's identifier is no field of theirs. */
function mergeInputs(
  inputs: readonly ProfileInput[],
  ids: readonly string[],
  owners: readonly string[],
): FieldsOfProfiles {
  const merged = new Map<string, Record<string, FieldValue>>();
  let at = 0;
  inputs.forEach((input, index) => {
    const profileId = ids[index];
    if (profileId === undefined) return;
    const others = new Set(
      input.identities.filter(() => owners[at++] !== profileId).map(({ field }): string => field),
    );
    const fields = Object.entries(input.fields).filter(([field]) => !others.has(field));
    merged.set(profileId, { ...merged.get(profileId), ...Object.fromEntries(fields) });
  });
  return merged;
}

async function createProfiles(
  database: Database,
  created: ReadonlySet<string>,
  fields: FieldsOfProfiles,
): Promise<void> {
  if (created.size === 0) return;
  const ids = [...created];
  await database.query(
    `insert into profiles (id, fields, told)
     select id, fields, array(select jsonb_object_keys(fields))
       from unnest($1::uuid[], $2::jsonb[]) as given (id, fields)`,
    [ids, ids.map((id) => JSON.stringify(fields.get(id) ?? {}))],
  );
}

const identityKey = (identity: Identity): string => `${identity.field}\0${identity.value}`;

interface ChangedFields {
  /** The known profiles whose fields differ from what they were. */
  readonly ids: ReadonlySet<string>;
  /** In which any of them does. */
  readonly fields: readonly string[];
}

/** Logs which fields changed. */
async function mergeFields(
  database: Database,
  created: ReadonlySet<string>,
  fields: FieldsOfProfiles,
): Promise<ChangedFields> {
  const known = [...fields].filter(([id]) => !created.has(id));
  if (known.length === 0) return { ids: new Set(), fields: [] };
  const { rows } = await database.query<{ profile_id: string; fields: string[] }>(
    `with given as (
       select * from unnest($1::uuid[], $2::jsonb[]) as given (id, fields)
     ), before as (
       select profiles.id, profiles.fields, given.fields as news from profiles join given using (id)
        order by id for no key update of profiles
     ), changed as (
       select id, news, array(select key from jsonb_each(news)
                               where before.fields -> key is distinct from value) as names from before
     ), written as (
       update profiles
          set fields = profiles.fields || news, change_no = change_no + (names <> '{}')::int, updated_at = now(),
              told = array(select distinct unnest(told || array(select jsonb_object_keys(news))))
         from changed
        where profiles.id = changed.id
          and (names <> '{}' or not told @> array(select jsonb_object_keys(news)))
       returning profiles.id, names
     )
     insert into changes (profile_id, change, fields) select id, 'fields', names from written where names <> '{}'
     returning profile_id, fields`,
    [known.map(([id]) => id), known.map(([, one]) => JSON.stringify(one))],
  );
  return {
    ids: new Set(rows.map((row) => row.profile_id)),
    fields: [...new Set(rows.flatMap((row) => row.fields))],
  };
}
