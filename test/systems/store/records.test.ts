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

const bulk = { lane: 'bulk', page: 0 } as const;
const live = { lane: 'live' } as const;
const record = (profileId: string, value: string): MemberRecord => ({ profileId, column: 'RIID_', value });
async function holders(): Promise<readonly string[]> {
  const { rows } = await store.query<{ holder: string }>(
    `select profile_id || ' ' || match_value as holder from job_records order by 1`,
  );
  return rows.map(({ holder }) => holder);
}

test('two who swapped their records and both moved on let them go, and neither leaves one to the other', async () => {
  const [one, other] = [randomUUID(), randomUUID()];
  await settleRecords(store, 'j', bulk, [record(one, 'A'), record(other, 'B')], []);
  // A send that was cut off after it had swapped them.
  await holdRecords(store, 'j', live, [record(one, 'B'), record(other, 'A')]);

  const now = [record(one, 'C'), record(other, 'D')];
  await holdRecords(store, 'j', live, now);
  const old = await readOldRecords(store, 'j', [one, other], now);
  assert.equal(old.length, 4);
  assert.ok(old.every(({ isShared }) => !isShared));

  const released = old.map((each) => ({ ...each, outcome: 'cleared' as const }));
  assert.deepEqual(await settleRecords(store, 'j', live, now, released), []);
  assert.deepEqual(await holders(), [`${one} C`, `${other} D`].sort());
});

test('a record that another member holds is left to that one, who is sent again', async () => {
  const [one, other] = [randomUUID(), randomUUID()];
  await settleRecords(store, 'j', live, [record(one, 'A'), record(other, 'A')], []);
  const now = [record(one, 'B')];
  const old = await readOldRecords(store, 'j', [one], now);
  assert.deepEqual(old, [{ ...record(one, 'A'), isShared: true }]);

  const released = old.map((each) => ({ ...each, outcome: 'left' as const }));
  assert.deepEqual(await settleRecords(store, 'j', live, now, released), [other]);
  assert.deepEqual(await holders(), [`${one} B`, `${other} A`].sort());
});

test('a record that was to be left to another, who let it go meanwhile, is kept and tried again', async () => {
  const [one, other] = [randomUUID(), randomUUID()];
  await settleRecords(store, 'j', live, [record(one, 'A'), record(other, 'A')], []);
  const [old] = await readOldRecords(store, 'j', [one], [record(one, 'B')]);
  assert.ok(old?.isShared);
  await settleRecords(store, 'j', live, [], [{ ...record(other, 'A'), isShared: true, outcome: 'left' }]);

  const again = await settleRecords(store, 'j', live, [record(one, 'B')], [{ ...old, outcome: 'left' }]);
  assert.deepEqual(again, [one]);
  assert.deepEqual(await holders(), [`${one} A`, `${one} B`]);
});

test('one who was merged away after a send read both keeps the record that this send writes, until the next', async () => {
  const [stays, goes] = [randomUUID(), randomUUID()];
  await store.query('insert into profiles (id, change_no) values ($1, 2)', [stays]);
  await store.query('insert into profile_aliases (profile_id, alias) values ($1, $2)', [stays, goes]);
  const both = [record(stays, 'A'), record(goes, 'B')];
  await holdRecords(store, 'j', bulk, both);
  assert.deepEqual(await readOldRecords(store, 'j', [stays, goes], both), []);
  await settleRecords(store, 'j', bulk, both, []);

  const now = [record(stays, 'A')];
  assert.deepEqual(await readOldRecords(store, 'j', [stays], now), [
    { ...record(stays, 'B'), isShared: false },
  ]);
});

test('what a later page of the scan may yet write is kept when an earlier one lets it go, until it is made', async () => {
  const [stays, goes] = [randomUUID(), randomUUID()];
  const later = { lane: 'bulk', page: 2_000 } as const;
  await store.query('insert into profiles (id, change_no) values ($1, 2)', [stays]);
  await holdRecords(store, 'j', later, [record(goes, 'A')]);
  await store.query('insert into profile_aliases (profile_id, alias) values ($1, $2)', [stays, goes]);

  const now = [record(stays, 'B')];
  for (const page of [bulk, later]) {
    // The later one was cut off after it had written its record, and is made again.
    await holdRecords(store, 'j', page, now);
    const old = await readOldRecords(store, 'j', [stays], now);
    assert.deepEqual(old, [{ ...record(stays, 'A'), isShared: false }]);
    const released = old.map((each) => ({ ...each, outcome: 'cleared' as const }));
    assert.deepEqual(await settleRecords(store, 'j', page, now, released), []);
  }
  assert.deepEqual(await holders(), [`${stays} B`]);
});

test('a record that two pages write is settled by the later one', async () => {
  const [id, later] = [randomUUID(), { lane: 'bulk', page: 2_000 } as const];
  const areSettled = async (): Promise<unknown> =>
    (await store.query<{ is: boolean }>('select is_settled as is from job_records')).rows.map(({ is }) => is);
  for (const page of [later, bulk]) await holdRecords(store, 'j', page, [record(id, 'A')]);
  await settleRecords(store, 'j', bulk, [record(id, 'A')], []);
  assert.deepEqual(await areSettled(), [false]);
  await settleRecords(store, 'j', later, [record(id, 'A')], []);
  assert.deepEqual(await areSettled(), [true]);
});
