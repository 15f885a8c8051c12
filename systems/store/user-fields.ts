/**
 * The user fields that profiles have, and their kinds.
 */
import type { Kind } from '../../jobs/user-fields.ts';
import type { Database } from './database.ts';

/** All user fields with their kinds. */
export async function readUserFields(database: Database): Promise<ReadonlyMap<string, Kind>> {
  const { rows } = await database.query<{ name: string; kind: Kind }>(
    'select name, kind from user_fields order by name',
  );
  return new Map(rows.map((row) => [row.name, row.kind]));
}

/** Makes the fields that are not there yet; a field that is there keeps its kind. */
export async function addUserFields(database: Database, fields: ReadonlyMap<string, Kind>): Promise<void> {
  await database.query(
    `insert into user_fields (name, kind) select * from unnest($1::text[], $2::text[])
     on conflict (name) do nothing`,
    [[...fields.keys()], [...fields.values()]],
  );
}

/** Makes fields, and gives those that are there these kinds. */
export async function setKinds(database: Database, fields: ReadonlyMap<string, Kind>): Promise<void> {
  await database.query(
    `insert into user_fields (name, kind) select * from unnest($1::text[], $2::text[])
     on conflict (name) do update set kind = excluded.kind`,
    [[...fields.keys()], [...fields.values()]],
  );
}
