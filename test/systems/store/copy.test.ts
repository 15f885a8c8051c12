/** COPY: what the server refuses is told as the server's refusal, however early it comes. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { copyInto } from '../../../systems/store/copy.ts';
import { transaction } from '../../../systems/store/database.ts';
import type { Pool } from '../../../systems/store/database.ts';
import { openTestStore } from '../../harness/store.ts';
import type { TestStore } from '../../harness/store.ts';

let opened: TestStore;
let store: Pool;
before(async () => {
  opened = await openTestStore();
  ({ store } = opened);
  await store.query('create table copied (id bigint primary key, text text)');
});
after(() => opened.close());

/** Several pieces, of which the first is refused while others are still to come. */
function* rows(count: number, first: number): Generator<readonly [number, string]> {
  yield [first, ''];
  for (let id = 1; id <= count; id++) yield [id, 'x'.repeat(1_000)];
}

test('a row that is refused while others are still sent is the error that is thrown', async () => {
  await store.query('insert into copied values (0)');
  for (const count of [10, 1_000, 10_000]) {
    await assert.rejects(
      transaction(store, (database) => copyInto(database, 'copied (id, text)', rows(count, 0))),
      (error) => error instanceof pg.DatabaseError && error.code === '23505',
      `${count} rows`,
    );
  }
  await transaction(store, (database) => copyInto(database, 'copied (id, text)', rows(10_000, -1)));
  const { rows: counted } = await store.query<{ count: number }>('select count(*) from copied');
  assert.equal(counted[0]?.count, 10_002);
});

test('a fault of whoever makes the rows is thrown, and leaves the connection to others', async () => {
  await store.query('truncate copied');
  const fault = new Error('no row');
  function* broken(): Generator<readonly [number, string]> {
    yield* rows(1_000, 0);
    throw fault;
  }
  await assert.rejects(
    transaction(store, (database) => copyInto(database, 'copied (id, text)', broken())),
    fault,
  );
  const { rows: counted } = await store.query<{ count: number }>('select count(*) from copied');
  assert.equal(counted[0]?.count, 0);
});
