/** Each migration leads back, and forth again to the same schema; what the log of changes had is still there. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { runMigrations } from '../../../systems/store/database.ts';
import { openTestStore } from '../../harness/store.ts';

const opened = await openTestStore();
const { store } = opened;
after(() => opened.close());
const migrations = readdirSync(join(import.meta.dirname, '../../../systems/store/migrations'));

async function migrate(direction: 'up' | 'down', count: number): Promise<void> {
  const client = await store.connect();
  try {
    await runMigrations(client, direction, count);
  } finally {
    client.release();
  }
}

/** Tables, indexes and constraints, in whatever order they were made. */
async function schema(): Promise<readonly string[]> {
  const { rows } = await store.query<{ line: string }>(
    `select concat_ws(' ', table_name, column_name, data_type, udt_name, is_nullable, column_default) as line
       from information_schema.columns where table_schema = 'public'
     union all select indexdef from pg_indexes where schemaname = 'public'
     union all select concat_ws(' ', conrelid::regclass, pg_get_constraintdef(oid)) from pg_constraint
                where connamespace = 'public'::regnamespace and contype <> 'n'
     order by 1`,
  );
  return rows.map(({ line }) => line);
}

test('Each migration leads back, and forth again to the same schema', async () => {
  assert.ok((await schema()).length > 100, 'the schema is read');
  const before: (readonly string[])[] = [];
  for (let left = migrations.length; left > 0; left--) {
    before.push(await schema());
    await migrate('down', 1);
  }
  assert.deepEqual(
    (await schema()).filter((line) => !line.includes('migrations')),
    [],
    'nothing is left of the first',
  );
  for (const expected of before.toReversed()) {
    await migrate('up', 1);
    assert.deepEqual(await schema(), expected);
  }
});

test('The log has every change, whether its lines are of one audience or of several', async () => {
  const [profile, one, other] = [randomUUID(), randomUUID(), randomUUID()];
  await store.query(
    `insert into changes (profile_id, change, audience_ids, fields)
     values ($1, 'enter', array[$2::uuid, $3::uuid], null), ($1, 'exit', array[$2::uuid], null),
            ($1, 'fields', null, '{a}')`,
    [profile, one, other],
  );
  const told = async (audience: string): Promise<unknown> =>
    (await store.query(`select change, fields, ${audience} as audience from changes order by 1, 3`)).rows;
  const inLinesOfSeveral = `unnest(coalesce(audience_ids, '{null}'))`;
  const before = await told(inLinesOfSeveral);
  const behind = migrations.filter((name) => name >= '0020').length;
  await migrate('down', behind);
  assert.deepEqual(await told('audience_id'), before);
  await migrate('up', behind);
  assert.deepEqual(await told(inLinesOfSeveral), before);
});
