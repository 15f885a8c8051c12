import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openStore } from '../../../systems/store/database.ts';
import type { Pool } from '../../../systems/store/database.ts';
import { burnFuse, mendFuse } from '../../../systems/store/fuses.ts';
import { freshDatabase } from '../../harness/postgres.ts';

let database: Awaited<ReturnType<typeof freshDatabase>>;
let store: Pool;
before(async () => {
  database = await freshDatabase();
  store = await openStore(database.url);
  await store.query(
    `insert into authorizations (id, kind, label, settings, sealed_secrets) values ('a', 'responsys-interact', 'a', '{}', '')`,
  );
  await store.query(
    `insert into jobs (id, kind, label, authorization_id, configuration) values ('j', 'export-audience', 'j', 'a', '{}')`,
  );
});
after(async () => {
  await store.end();
  await database.drop();
});

const burn = (sent: number, rejected: number) => burnFuse(store, 'j', { sent, rejected }, 20);

test('a fuse judges 200 members at least, and counts anew once it is mended', async () => {
  assert.equal(await burn(199, 199), undefined, 'too few to judge by');
  assert.deepEqual(await burn(1, 0), { sent: 200, rejected: 199 });
  assert.deepEqual(await burn(5, 5), { sent: 205, rejected: 204 }, 'blown until it is mended');
  await mendFuse(store, 'j');
  assert.equal(await burn(199, 199), undefined);
  await mendFuse(store, 'j');
});

test('exactly the share is let pass; a million good ones hide no bad ones after them', async () => {
  assert.equal(await burn(1_000, 200), undefined);
  assert.equal(await burn(1_000_000, 0), undefined);
  assert.deepEqual(await burn(200, 41), { sent: 200, rejected: 41 });
});
