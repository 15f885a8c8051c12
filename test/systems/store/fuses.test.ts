import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Pool } from '../../../systems/store/database.ts';
import { burnFuse, mendFuse } from '../../../systems/store/fuses.ts';
import { addBareJob, openTestStore } from '../../harness/store.ts';
import type { TestStore } from '../../harness/store.ts';

let opened: TestStore;
let store: Pool;
before(async () => {
  opened = await openTestStore();
  ({ store } = opened);
  await addBareJob(store);
});
after(() => opened.close());

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
