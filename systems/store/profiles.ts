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

const lockSpace = 0x6c79;

/**
 * Writes profiles: new people are made, known ones get the fields that differ. A field that an input lacks
 * stays as it is. Inputs of one person in one call are written in their order.
 * @returns for each input its profile's id, and whether anything changed
 */
export async function writeProfiles(
  database: Database,
  hashKeys: HashKeys,
  inputs: readonly ProfileInput[],
): Promise<readonly { readonly profileId: string; readonly changed: boolean }[]> {
  const identities = inputs.flatMap((input) => input.identities);
  await lockIdentities(database, hashKeys, identities);
  const known = await findProfiles(database, hashKeys, identities);
  const ids = await assignIds(database, inputs, identities, known);
  await addIdentities(database, hashKeys, inputs, ids);
  const changed = await mergeFields(database, inputs, ids);
  return ids.map((profileId) => ({ profileId, changed: changed.has(profileId) }));
}

/** Advisory locks in sorted order: rows that do not exist yet cannot be locked otherwise. */
async function lockIdentities(
  database: Database,
  hashKeys: HashKeys,
  identities: readonly Identity[],
): Promise<void> {
  const slots = new Set(identities.map((identity) => hashIdentity(hashKeys, identity).hash.readUInt16BE(0)));
  await database.query(
    'select pg_advisory_xact_lock($1::int, slot) from (select unnest($2::int[]) as slot order by slot) as slots',
    [lockSpace, [...slots]],
  );
}

async function assignIds(
  database: Database,
  inputs: readonly ProfileInput[],
  identities: readonly Identity[],
  known: readonly (string | undefined)[],
): Promise<readonly string[]> {
  const byIdentity = new Map<string, string>();
  identities.forEach((identity, index) => {
    const profileId = known[index];
    if (profileId !== undefined) byIdentity.set(identityKey(identity), profileId);
  });
  const ids: string[] = [];
  const created: string[] = [];
  for (const input of inputs) {
    const found = input.identities
      .map((one) => byIdentity.get(identityKey(one)))
      .find((id) => id !== undefined);
    const profileId = found ?? crypto.randomUUID();
    if (found === undefined) created.push(profileId);
    for (const identity of input.identities) {
      if (!byIdentity.has(identityKey(identity))) byIdentity.set(identityKey(identity), profileId);
    }
    ids.push(profileId);
  }
  if (created.length > 0)
    await database.query('insert into profiles (id) select unnest($1::uuid[])', [created]);
  return ids;
}

const identityKey = (identity: Identity): string => `${identity.field}\0${identity.value}`;

async function addIdentities(
  database: Database,
  hashKeys: HashKeys,
  inputs: readonly ProfileInput[],
  ids: readonly string[],
): Promise<void> {
  const rows = inputs.flatMap((input, index) =>
    input.identities.map((identity) => ({
      ...hashIdentity(hashKeys, identity),
      field: identity.field,
      profileId: ids[index],
    })),
  );
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

async function mergeFields(
  database: Database,
  inputs: readonly ProfileInput[],
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  const merged = new Map<string, Record<string, FieldValue>>();
  inputs.forEach((input, index) => {
    const profileId = ids[index];
    if (profileId === undefined) return;
    merged.set(profileId, { ...merged.get(profileId), ...input.fields });
  });
  const { rows } = await database.query<{ id: string }>(
    `update profiles set fields = profiles.fields || given.fields, change_no = change_no + 1, updated_at = now()
       from (select * from unnest($1::uuid[], $2::jsonb[]) as given (id, fields) order by id) as given
      where profiles.id = given.id and profiles.fields || given.fields is distinct from profiles.fields
     returning profiles.id`,
    [[...merged.keys()], [...merged.values()].map((fields) => JSON.stringify(fields))],
  );
  return new Set(rows.map((row) => row.id));
}
