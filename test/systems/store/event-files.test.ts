/** What the store tells of event files together: their accounts, and when those of a type were written. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { transaction } from '../../../systems/store/database.ts';
import { knownAccounts } from '../../../systems/store/event-accounts.ts';
import { fileTimes, noteListing } from '../../../systems/store/event-files.ts';
import { addBareJob, openTestStore } from '../../harness/store.ts';
import type { TestStore } from '../../harness/store.ts';

let opened: TestStore;
before(async () => {
  opened = await openTestStore();
  await addBareJob(opened.store);
});
after(() => opened.close());

test('accounts are known by their files, and each type has its times, files of one moment once', async () => {
  assert.deepEqual(await knownAccounts(opened.store), []);
  const file = (accountId: string, eventType: string, modifiedAtMs: number) => ({
    path: `${accountId}_${eventType}_${modifiedAtMs}.txt`,
    sizeBytes: 1,
    modifiedAtMs,
    accountId,
    eventType,
    stamp: '20260131',
    isWhole: true,
    countFile: undefined,
  });
  const files = [
    file('2', 'CLICK', 1_000),
    file('1', 'CLICK', 1_000),
    file('1', 'CLICK', 5_000),
    file('1', 'OPEN', 3_000),
  ];
  await transaction(opened.store, (database) => noteListing(database, 'j', files));
  assert.deepEqual(await knownAccounts(opened.store), ['1', '2']);
  assert.deepEqual(await fileTimes(opened.store, 'j'), [
    { accountId: '1', eventType: 'CLICK', writtenAtMs: [1_000, 5_000] },
    { accountId: '1', eventType: 'OPEN', writtenAtMs: [3_000] },
    { accountId: '2', eventType: 'CLICK', writtenAtMs: [1_000] },
  ]);
});
