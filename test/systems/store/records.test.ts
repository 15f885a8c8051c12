import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, test } from 'node:test';
import type { Pool } from '../../../systems/store/database.ts';
import { holdRecords, readOldRecords, settleRecords } from '../../../systems/store/records.ts';
import type { MemberRecord } from '../../../systems/store/records.ts';
import { addBareJob, openTestStore } from '../../harness/store.ts';
import type { TestStore } from '../../harness/store.ts';

let opened: TestStore;
let store: Pool;
before(async () => {
  opened = await openTestStore();
  ({ store } = opened);
  await addBareJob(store);
});
beforeEach(() => store.query('delete from job_records'));
after(() => opened.close());

const record = (profileId: string, value: string): MemberRecord => ({ profileId, column: 'RIID_', value });
async function holders(): Promise<readonly string[]> {
  const { rows } = await store.query<{ holder: string }>(
    `select profile_id || ' ' || match_value as holder from job_records order by 1`,
  );
  return rows.map(({ holder }) => holder);
}

test('two who swapped their records and both moved on let them go, and neither leaves one to the other', async () => {
  const [one, other] = [randomUUID(), randomUUID()];
  await settleRecords(store, 'j', 'bulk', [record(one, 'A'), record(other, 'B')], []);
  // A send that was cut off after it had swapped them.
  await holdRecords(store, 'j', 'live', [record(one, 'B'), record(other, 'A')]);

  const now = [record(one, 'C'), record(other, 'D')];
  await holdRecords(store, 'j', 'live', now);
  const old = await readOldRecords(store, 'j', [one, other], now);
  assert.equal(old.length, 4);
  assert.ok(old.every(({ isShared }) => !isShared));

  const released = old.map((each) => ({ ...each, outcome: 'cleared' as const }));
  assert.deepEqual(await settleRecords(store, 'j', 'live', now, released), []);
  assert.deepEqual(await holders(), [`${one} C`, `${other} D`].sort());
});

test('a record that another member holds is left to that one, who is sent again', async () => {
  const [one, other] = [randomUUID(), randomUUID()];
  await settleRecords(store, 'j', 'live', [record(one, 'A'), record(other, 'A')], []);
  const now = [record(one, 'B')];
  const old = await readOldRecords(store, 'j', [one], now);
  assert.deepEqual(old, [{ ...record(one, 'A'), isShared: true }]);

  const released = old.map((each) => ({ ...each, outcome: 'left' as const }));
  assert.deepEqual(await settleRecords(store, 'j', 'live', now, released), [other]);
  assert.deepEqual(await holders(), [`${one} B`, `${other} A`].sort());
});

test('a record that was to be left to another, who let it go meanwhile, is kept and tried again', async () => {
  const [one, other] = [randomUUID(), randomUUID()];
  await settleRecords(store, 'j', 'live', [record(one, 'A'), record(other, 'A')], []);
  const [old] = await readOldRecords(store, 'j', [one], [record(one, 'B')]);
  assert.ok(old?.isShared);
  await settleRecords(store, 'j', 'live', [], [{ ...record(other, 'A'), isShared: true, outcome: 'left' }]);

  const again = await settleRecords(store, 'j', 'live', [record(one, 'B')], [{ ...old, outcome: 'left' }]);
  assert.deepEqual(again, [one]);
  assert.deepEqual(await holders(), [`${one} A`, `${one} B`]);
});

test('one who was merged away after a send read both keeps the record that this send writes, until the next', async () => {
  const [stays, goes] = [randomUUID(), randomUUID()];
  await store.query('insert into profiles (id, change_no) values ($1, 2)', [stays]);
  await store.query('insert into profile_aliases (profile_id, alias) values ($1, $2)', [stays, goes]);
  const both = [record(stays, 'A'), record(goes, 'B')];
  await holdRecords(store, 'j', 'bulk', both);
  assert.deepEqual(await readOldRecords(store, 'j', [stays, goes], both), []);
  await settleRecords(store, 'j', 'bulk', both, []);

  const now = [record(stays, 'A')];
  assert.deepEqual(await readOldRecords(store, 'j', [stays], now), [
    { ...record(stays, 'B'), isShared: false },
  ]);
});
