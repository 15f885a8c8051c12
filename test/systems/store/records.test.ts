import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, test } from 'node:test';
import type { Pool } from '../../../systems/store/database.ts';
import { holdRecords, readOldRecords, settleRecords, settleScan } from '../../../systems/store/records.ts';
import type { MemberRecord, Note, Sender } from '../../../systems/store/records.ts';
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

const bulk = { lane: 'bulk', sendId: randomUUID() } as const;
const live = { lane: 'live', sendId: randomUUID() } as const;
const noted = (profileId: string, { lane, sendId }: Sender): Note => ({ profileId, lane, sendId });
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
  const old = await readOldRecords(store, 'j', 'live', [one, other], now);
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
  const old = await readOldRecords(store, 'j', 'live', [one], now);
  assert.deepEqual(old, [{ ...record(one, 'A'), isShared: true, ended: [noted(one, live)] }]);

  const released = old.map((each) => ({ ...each, outcome: 'left' as const }));
  assert.deepEqual(await settleRecords(store, 'j', live, now, released), [other]);
  assert.deepEqual(await holders(), [`${one} B`, `${other} A`].sort());
});

test('a record that was to be left to another, who let it go meanwhile, is kept and tried again', async () => {
  const [one, other] = [randomUUID(), randomUUID()];
  await settleRecords(store, 'j', live, [record(one, 'A'), record(other, 'A')], []);
  const [old] = await readOldRecords(store, 'j', 'live', [one], [record(one, 'B')]);
  assert.ok(old?.isShared);
  await settleRecords(
    store,
    'j',
    live,
    [],
    [{ ...record(other, 'A'), isShared: true, ended: [noted(other, live)], outcome: 'left' }],
  );

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
  assert.deepEqual(await readOldRecords(store, 'j', 'live', [stays, goes], both), []);
  await settleRecords(store, 'j', bulk, both, []);

  const now = [record(stays, 'A')];
  assert.deepEqual(await readOldRecords(store, 'j', 'live', [stays], now), [
    { ...record(stays, 'B'), isShared: false, ended: [noted(goes, bulk)] },
  ]);
});

test('what a page that is under way may yet write is not forgotten by another that lets it go before', async () => {
  const [stays, goes] = [randomUUID(), randomUUID()];
  const other = { lane: 'bulk', sendId: randomUUID() } as const;
  await store.query('insert into profiles (id, change_no) values ($1, 2)', [stays]);
  await holdRecords(store, 'j', bulk, [record(goes, 'A')]);
  await store.query('insert into profile_aliases (profile_id, alias) values ($1, $2)', [stays, goes]);
  const now = [record(stays, 'B')];
  const letGo = async (sender: Sender, meanwhile: () => Promise<unknown>): Promise<void> => {
    await holdRecords(store, 'j', sender, now);
    const old = await readOldRecords(store, 'j', sender.lane, [stays], now);
    assert.deepEqual(
      old.map(({ value, isShared }) => [value, isShared]),
      [['A', false]],
    );
    await meanwhile();
    const released = old.map((each) => ({ ...each, outcome: 'cleared' as const }));
    assert.deepEqual(await settleRecords(store, 'j', sender, now, released), []);
  };
  // It writes its row after the other has set it to 0, and ends before the other does.
  await letGo(other, () => settleRecords(store, 'j', bulk, [record(goes, 'A')], []));
  assert.deepEqual(await holders(), [`${goes} A`, `${stays} B`].sort());
  await letGo(live, () => Promise.resolve());
  assert.deepEqual([...new Set(await holders())], [`${stays} B`]);
});

test('what a page that was cut off has noted is let go by the page that is made in its place', async () => {
  const [stays, goes] = [randomUUID(), randomUUID()];
  await store.query('insert into profiles (id, change_no) values ($1, 2)', [stays]);
  await holdRecords(store, 'j', bulk, [record(goes, 'A')]);
  await store.query('insert into profile_aliases (profile_id, alias) values ($1, $2)', [stays, goes]);
  await settleScan(store, 'j');
  const now = [record(stays, 'B')];
  const old = await readOldRecords(store, 'j', 'bulk', [stays], now);
  const released = old.map((each) => ({ ...each, outcome: 'cleared' as const }));
  await settleRecords(store, 'j', { lane: 'bulk', sendId: randomUUID() }, now, released);
  assert.deepEqual(await holders(), [`${stays} B`]);
});
