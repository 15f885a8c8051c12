/**
 * Two profiles that turn out to be one person become one. The one that goes leaves a redirect, so that its
 * id in a queue, a scan or the ledger still leads to the person.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Database } from './database.ts';
import { foldFields } from './folding.ts';
import type { FieldValue } from './profiles.ts';
import { uniteStays } from './united-stays.ts';

const lockSpace = 0x6c7a;

/**
 * Holds off merges until the transaction ends: what it has read of who is who stays so. Many may hold it.
 */
export async function holdOffMerges(database: Database): Promise<void> {
  await database.query('select pg_advisory_xact_lock_shared($1, 0)', [lockSpace]);
}

/** Keeps merges to this transaction alone. To be taken before what is read of who is who. */
export async function holdMerges(database: Database): Promise<void> {
  await database.query('select pg_advisory_xact_lock($1, 0)', [lockSpace]);
}

interface Row {
  readonly id: string;
  readonly fields: Readonly<Record<string, FieldValue>>;
  readonly change_no: number;
  readonly updated_at: Date;
}

/** Identifiers of which a person has one: two values are two people. Source: Lytics, identity resolution. */
const singleValued = ['customer_id'] as const;

/**
 * Merges a profile into another: fields by Lytics' operators, identities, and memberships (whoever was in an
 * audience under either is in it). Runs in its caller's transaction, under its locks on the identities.
 * @returns false, with nothing done, where they hold different values of an identifier that is one person's own
 */
export async function mergeProfiles(database: Database, staysId: string, goesId: string): Promise<boolean> {
  await holdMerges(database);
  const { rows } = await database.query<Row>(
    'select id, fields, change_no, updated_at from profiles where id = any($1::uuid[]) order by id for update',
    [[staysId, goesId]],
  );
  const stays = rows.find((row) => row.id === staysId);
  const goes = rows.find((row) => row.id === goesId);
  if (stays === undefined || goes === undefined) throw new Error('A profile that is to be merged is gone.');
  const differs = (field: string): boolean =>
    stays.fields[field] !== undefined &&
    goes.fields[field] !== undefined &&
    stays.fields[field] !== goes.fields[field];
  if (singleValued.some(differs)) return false;
  const [older, newer] = stays.updated_at < goes.updated_at ? [stays, goes] : [goes, stays];
  const ids = [staysId, goesId];
  await database.query('update identities set profile_id = $1 where profile_id = $2', ids);
  const { rowCount: memberships } = await database.query(
    'select 1 from audience_members where profile_id = $1 limit 1',
    [goesId],
  );
  await uniteStays(database, staysId, goesId);
  await database.query(
    `insert into audience_members as members (audience_id, profile_id, is_member, changed_at, stay_id)
     select audience_id, $1, is_member, changed_at, stay_id from audience_members
      where profile_id = $2 order by audience_id
     on conflict (audience_id, profile_id) do update
       set is_member = true, stay_id = excluded.stay_id,
           changed_at = case when members.is_member then excluded.changed_at else now() end
       -- Where both are members, the stay is the one that began first: its mail may have gone already.
       where excluded.is_member and (not members.is_member or excluded.changed_at < members.changed_at)`,
    ids,
  );
  await database.query('update profile_aliases set profile_id = $1 where profile_id = $2', ids);
  await database.query('insert into profile_aliases (profile_id, alias) values ($1, $2)', ids);
  // Side by side: they are merged by the mapping when the person's next events come.
  await database.query(
    `update profiles as stays
        set aggregates = stays.aggregates || goes.aggregates,
            told = array(select distinct unnest(stays.told || goes.told)),
            riid_at = greatest(stays.riid_at, goes.riid_at)
       from profiles as goes where stays.id = $1 and goes.id = $2`,
    ids,
  );
  await database.query('delete from audience_members where profile_id = $1', [goesId]);
  await database.query('delete from profiles where id = $1', [goesId]);
  const fields = foldFields(older.fields, newer.fields);
  await database.query(
    'update profiles set fields = $2, change_no = greatest(change_no, $3) + 1, updated_at = now() where id = $1',
    [staysId, JSON.stringify(fields), goes.change_no],
  );
  // One that never was in an audience brings fields alone: nothing of it was sent, and nothing is to be taken back.
  const names = Object.keys(fields).filter((name) => !isDeepStrictEqual(fields[name], stays.fields[name]));
  if (memberships === 1)
    await database.query("insert into changes (profile_id, change) values ($1, 'merged')", [staysId]);
  else if (names.length > 0)
    await database.query("insert into changes (profile_id, change, fields) values ($1, 'fields', $2)", [
      staysId,
      names,
    ]);
  return true;
}
