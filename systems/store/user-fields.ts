/**
 * The user fields that profiles have, and their kinds.
 */
import type { Kind } from '../../jobs/user-fields.ts';
import type { Database } from './database.ts';
import { oweRulesThatRead } from './rules.ts';

/** All user fields with their kinds. */
export async function readUserFields(database: Database): Promise<ReadonlyMap<string, Kind>> {
  const { rows } = await database.query<{ name: string; kind: Kind }>(
    'select name, kind from user_fields order by name',
  );
  return new Map(rows.map((row) => [row.name, row.kind]));
}

/** Makes the fields that are not there yet; a field that is there keeps its kind. */
export async function addUserFields(database: Database, fields: ReadonlyMap<string, Kind>): Promise<void> {
  await write(database, fields, 'nothing');
}

/** Makes fields, and gives those that are there these kinds. */
export async function setKinds(database: Database, fields: ReadonlyMap<string, Kind>): Promise<void> {
  await write(database, fields, 'update set kind = excluded.kind where known.kind <> excluded.kind');
}

async function write(
  database: Database,
  fields: ReadonlyMap<string, Kind>,
  onConflict: string,
): Promise<void> {
  const { rows } = await database.query<{ name: string }>(
    `insert into user_fields as known (name, kind) select * from unnest($1::text[], $2::text[])
     on conflict (name) do ${onConflict} returning name`,
    [[...fields.keys()], [...fields.values()]],
  );
  // A filter means something else by another kind.
  if (rows.length > 0)
    await oweRulesThatRead(
      database,
      rows.map(({ name }) => name),
    );
}
