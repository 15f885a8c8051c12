/**
 * Profiles: what is known of a person. Written under a lock on the identities, so that two imports at once
 * make one profile of one person.
 */
import type { Database } from './database.ts';
import { findProfiles, hashIdentity } from './identities.ts';
import type { HashKeys, Identity } from './identities.ts';

/** A value of a user field, as JSON has it. Fields without a value are absent. */
export type FieldValue =
  string | number | boolean | readonly string[] | Readonly<Record<string, string | number | boolean>>;

export interface ProfileInput {
  /** At least one; the first that is known decides whose profile it is. */
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
): Promise<readonly WrittenProfile[]> {
  const identities = inputs.flatMap((input) => input.identities);
  await lockIdentities(database, hashKeys, identities);
  const known = await findProfiles(database, hashKeys, identities);
  const { ids, created } = assignIds(inputs, identities, known);
  const fields = mergeInputs(inputs, ids);
  await createProfiles(database, created, fields);
  await addIdentities(database, hashKeys, inputs, ids, known);
  const changed = await mergeFields(database, created, fields);
  return ids.map((profileId) => ({
    profileId,
    outcome: created.has(profileId) ? 'new' : changed.has(profileId) ? 'changed' : 'unchanged',
  }));
}

/** Advisory locks in sorted order: rows that do not exist yet cannot be locked otherwise. */
async function lockIdentities(
  database: Database,
  hashKeys: HashKeys,
  identities: readonly Identity[],
): Promise<void> {
  await database.query('select pg_advisory_xact_lock_shared($1)', [everybodyLock]);
  const slots = new Set(identities.map((identity) => hashIdentity(hashKeys, identity).hash.readUInt16BE(0)));
  await database.query(
    'select pg_advisory_xact_lock($1::int, slot) from (select unnest($2::int[]) as slot order by slot) as slots',
    [lockSpace, [...slots]],
  );
}

/** Locks every identity: one lock in the place of more than the server has room for. */
export async function lockAllIdentities(database: Database): Promise<void> {
  await database.query('select pg_advisory_xact_lock($1)', [everybodyLock]);
}

function assignIds(
  inputs: readonly ProfileInput[],
  identities: readonly Identity[],
  known: readonly (string | undefined)[],
): { readonly ids: readonly string[]; readonly created: ReadonlySet<string> } {
  const byIdentity = new Map<string, string>();
  identities.forEach((identity, index) => {
    const profileId = known[index];
    if (profileId !== undefined) byIdentity.set(identityKey(identity), profileId);
  });
  const created = new Set<string>();
  const ids = inputs.map((input) => {
    const found = input.identities
      .map((one) => byIdentity.get(identityKey(one)))
      .find((id) => id !== undefined);
    const profileId = found ?? crypto.randomUUID();
    if (found === undefined) created.add(profileId);
    for (const identity of input.identities) {
      if (!byIdentity.has(identityKey(identity))) byIdentity.set(identityKey(identity), profileId);
    }
    return profileId;
  });
  return { ids, created };
}

type FieldsOfProfiles = ReadonlyMap<string, Readonly<Record<string, FieldValue>>>;

/** Of one person's inputs, the later one wins, field by field. */
function mergeInputs(inputs: readonly ProfileInput[], ids: readonly string[]): FieldsOfProfiles {
  const merged = new Map<string, Record<string, FieldValue>>();
  inputs.forEach((input, index) => {
    const profileId = ids[index];
    if (profileId === undefined) return;
    merged.set(profileId, { ...merged.get(profileId), ...input.fields });
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
    'insert into profiles (id, fields) select * from unnest($1::uuid[], $2::jsonb[]) as given (id, fields)',
    [ids, ids.map((id) => JSON.stringify(fields.get(id) ?? {}))],
  );
}

const identityKey = (identity: Identity): string => `${identity.field}\0${identity.value}`;

async function addIdentities(
  database: Database,
  hashKeys: HashKeys,
  inputs: readonly ProfileInput[],
  ids: readonly string[],
  known: readonly (string | undefined)[],
): Promise<void> {
  // With several keys a known identity may be known by an older one only: it is written under the newest.
  const isWritten = hashKeys.keys.length === 1 ? (at: number) => known[at] !== undefined : () => false;
  let at = 0;
  const rows = inputs.flatMap((input, index) =>
    input.identities
      .filter(() => !isWritten(at++))
      .map((identity) => ({
        ...hashIdentity(hashKeys, identity),
        field: identity.field,
        profileId: ids[index],
      })),
  );
  if (rows.length === 0) return;
  await database.query(
    `insert into identities (key_id, hash, field, profile_id)
     select * from unnest($1::smallint[], $2::bytea[], $3::text[], $4::uuid[])
     on conflict (key_id, hash) do nothing`,
    [
      rows.map((row) => row.keyId),
      rows.map((row) => row.hash),
      rows.map((row) => row.field),
      rows.map((row) => row.profileId),
    ],
  );
}

/** @returns the known profiles whose fields differ from what they were */
async function mergeFields(
  database: Database,
  created: ReadonlySet<string>,
  fields: FieldsOfProfiles,
): Promise<ReadonlySet<string>> {
  const known = [...fields].filter(([id]) => !created.has(id));
  if (known.length === 0) return new Set();
  const { rows } = await database.query<{ id: string }>(
    `update profiles set fields = profiles.fields || given.fields, change_no = change_no + 1, updated_at = now()
       from (select * from unnest($1::uuid[], $2::jsonb[]) as given (id, fields) order by id) as given
      where profiles.id = given.id and profiles.fields || given.fields is distinct from profiles.fields
     returning profiles.id`,
    [known.map(([id]) => id), known.map(([, one]) => JSON.stringify(one))],
  );
  return new Set(rows.map((row) => row.id));
}
