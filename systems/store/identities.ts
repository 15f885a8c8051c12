/**
 * Who an identifier stands for: keyed hashes (HMAC-SHA-256) of field and value, each with the id of its key.
 * An identifier itself is never a key of a table, so that logs, plans and indexes hold none.
 */
import { createHmac, createSecretKey, randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { Database, Pool } from './database.ts';
import { transaction } from './database.ts';
import { seal, unseal } from './secrets.ts';
import type { Key } from './secrets.ts';

/** The user fields that find a profile, strongest first. */
export const identityFields = ['email', 'customer_id', 'rs_user_id'] as const;
export type IdentityField = (typeof identityFields)[number];

export interface Identity {
  readonly field: IdentityField;
  /** As normalised by `normaliseIdentity`. */
  readonly value: string;
}

/** The keys of the hashes, newest first. As key objects: an HMAC with one takes a fifth of the time. */
export interface HashKeys {
  readonly keys: readonly { readonly id: number; readonly secret: KeyObject }[];
}

const labelOf = (id: number): string => `hash-key/${id}`;

/** Reads the hash keys; makes the first one where there is none. */
export async function openHashKeys(pool: Pool, master: Key): Promise<HashKeys> {
  return transaction(pool, async (database) => {
    await database.query('lock table hash_keys in share row exclusive mode');
    const { rows } = await database.query<{ id: number; sealed_key: Buffer }>(
      'select id, sealed_key from hash_keys order by id desc',
    );
    if (rows.length === 0) return { keys: [await addHashKey(database, master)] };
    return {
      keys: rows.map((row) => ({
        id: row.id,
        secret: createSecretKey(unseal(master, labelOf(row.id), row.sealed_key)),
      })),
    };
  });
}

/** Makes a new key, under which identities are written from now on; older ones still find theirs. */
export async function addHashKey(
  database: Database,
  master: Key,
): Promise<{ readonly id: number; readonly secret: KeyObject }> {
  const bytes = randomBytes(32);
  const { rows } = await database.query<{ id: number }>(
    "select nextval(pg_get_serial_sequence('hash_keys', 'id'))::int as id",
  );
  const id = rows[0]?.id ?? 1;
  await database.query('insert into hash_keys (id, sealed_key) overriding system value values ($1, $2)', [
    id,
    seal(master, labelOf(id), bytes),
  ]);
  return { id, secret: createSecretKey(bytes) };
}

/** An identity with its hashes: HMACs are made once, before the database is asked anything. */
export interface HashedIdentity extends Identity {
  /** The newest key's first: that one is written, the others are looked up. */
  readonly hashes: readonly [KeyedHash, ...KeyedHash[]];
}

interface KeyedHash {
  readonly keyId: number;
  readonly hash: Buffer;
}

/** A RIID is the id of a list record in one account: of two accounts, the same number is two people. */
export const recordIdentity = (accountId: string, riid: string): Identity => ({
  field: 'rs_user_id',
  value: `${accountId}/${riid}`,
});

export function hashIdentity(hashKeys: HashKeys, { field, value }: Identity): HashedIdentity {
  const [newest, ...older] = hashKeys.keys.map(({ id, secret }) => ({
    keyId: id,
    hash: hashWith(secret, { field, value }),
  }));
  if (newest === undefined) throw new Error('No hash key: the store was not opened with openHashKeys.');
  return { field, value, hashes: [newest, ...older] };
}

function hashWith(secret: KeyObject, identity: Identity): Buffer {
  return createHmac('sha256', secret).update(`${identity.field}\0${identity.value}`, 'utf8').digest();
}

/** Texts that stand for "nobody" in exports of other systems. */
const noIdentity = new Set(['', 'null', 'unknown', '0', '-1']);

/**
 * The form under which an identifier is hashed: trimmed, an e-mail in lower case.
 * @returns undefined where the text is no identity
 */
export function normaliseIdentity(field: IdentityField, text: string): string | undefined {
  const trimmed = text.trim();
  if (noIdentity.has(trimmed.toLowerCase())) return undefined;
  return field === 'email' ? trimmed.toLowerCase() : trimmed;
}

/** The profiles that these identities find, in their order; undefined where there is none. */
export const findProfiles = (
  database: Database,
  hashKeys: HashKeys,
  identities: readonly Identity[],
): Promise<(string | undefined)[]> =>
  findHashed(
    database,
    identities.map((identity) => hashIdentity(hashKeys, identity)),
  );

export async function findHashed(
  database: Database,
  identities: readonly HashedIdentity[],
): Promise<(string | undefined)[]> {
  const wanted = identities.flatMap(({ hashes }, index) => hashes.map((one) => ({ index, ...one })));
  const { rows } = await database.query<{ index: number; profile_id: string }>(
    `select wanted.index::int as index, identities.profile_id
       from unnest($1::int[], $2::smallint[], $3::bytea[]) as wanted (index, key_id, hash)
       join identities using (key_id, hash)`,
    [wanted.map((one) => one.index), wanted.map((one) => one.keyId), wanted.map((one) => one.hash)],
  );
  const found: (string | undefined)[] = identities.map(() => undefined);
  for (const row of rows) found[row.index] = row.profile_id;
  return found;
}

/** Writes identities under the newest key; one that is there already stays whose it is. */
export async function addHashed(
  database: Database,
  owned: readonly (HashedIdentity & { readonly profileId: string | undefined })[],
): Promise<void> {
  if (owned.length === 0) return;
  await database.query(
    `insert into identities (key_id, hash, field, profile_id)
     select * from unnest($1::smallint[], $2::bytea[], $3::text[], $4::uuid[])
     on conflict (key_id, hash) do nothing`,
    [
      owned.map(({ hashes: [newest] }) => newest.keyId),
      owned.map(({ hashes: [newest] }) => newest.hash),
      owned.map(({ field }) => field),
      owned.map(({ profileId }) => profileId),
    ],
  );
}
