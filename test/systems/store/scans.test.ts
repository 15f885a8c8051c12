import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import type { Pool } from '../../../systems/store/database.ts';
import { writeLedger } from '../../../systems/store/ledger.ts';
import { holdRecords, settleScan } from '../../../systems/store/records.ts';
import { beginScan, endScan, readScanPage } from '../../../systems/store/scans.ts';
import { addBareJob, openTestStore } from '../../harness/store.ts';
import type { TestStore } from '../../harness/store.ts';

let opened: TestStore;
let store: Pool;
let audienceId: string;
before(async () => {
  opened = await openTestStore();
  ({ store } = opened);
  await addBareJob(store);
  const { rows } = await store.query<{ id: string }>(
    "insert into audiences (name, column_name) values ('Readers', 'READERS') returning id",
  );
  audienceId = rows[0]?.id ?? '';
});
after(() => opened.close());

async function person(isMember: boolean, changeNo: number): Promise<string> {
  const id = randomUUID();
  await store.query('insert into profiles (id, change_no) values ($1, $2)', [id, changeNo]);
  await store.query('insert into audience_members (audience_id, profile_id, is_member) values ($1, $2, $3)', [
    audienceId,
    id,
    isMember,
  ]);
  return id;
}
const sent = (profileId: string, change: 'enter' | 'exit', changeNo: number) =>
  writeLedger(
    store,
    'j',
    randomUUID(),
    [{ profileId, change, changeNo, fate: 'accepted', fates: { list: 'accepted' }, reasons: [] }],
    [],
  );
const held = (profileId: string) =>
  holdRecords(store, 'j', { lane: 'bulk', sendId: randomUUID() }, [
    { profileId, column: 'RIID_', value: profileId.slice(0, 8) },
  ]);

test('a scan takes members, and who left without a send of that, however the last send of them ended', async () => {
  const member = await person(true, 1);
  const leftUnheard = await person(false, 2);
  await sent(leftUnheard, 'enter', 1);
  // A row that may have been written by a send that came to no line in the ledger.
  const cutOff = await person(false, 2);
  await held(cutOff);
  const cutOffAgain = await person(false, 4);
  await held(cutOffAgain);
  await sent(cutOffAgain, 'exit', 2);
  const leftAndSent = await person(false, 2);
  await held(leftAndSent);
  await sent(leftAndSent, 'exit', 2);
  await person(false, 1);

  await settleScan(store, 'j');
  const scan = await beginScan(store, 'j', audienceId, []);
  assert.deepEqual(
    new Set(await readScanPage(store, scan.id, 0, 100)),
    new Set([member, leftUnheard, cutOff, cutOffAgain]),
  );
  await endScan(store, scan.id, 'done');
});

test('the pages of a scan, of whatever length, have each of its members once, in one order', async () => {
  await store.query(
    `with people as (insert into profiles (id) select gen_random_uuid() from generate_series(1, 2500) returning id)
     insert into audience_members (audience_id, profile_id, is_member) select $1, id, true from people`,
    [audienceId],
  );
  const scan = await beginScan(store, 'j', audienceId, []);
  const whole = await readScanPage(store, scan.id, 0, scan.total);
  assert.equal(new Set(whole).size, scan.total);
  assert.ok(scan.total >= 2_500);
  for (const pageMembers of [7, 1_000, 2_000, 999]) {
    const pages: string[] = [];
    for (let from = 0; from < scan.total; from += pageMembers)
      pages.push(...(await readScanPage(store, scan.id, from, Math.min(pageMembers, scan.total - from))));
    assert.deepEqual(pages, whole, `${pageMembers} a page`);
  }
  assert.deepEqual(await readScanPage(store, scan.id, scan.total, 10), []);
  await endScan(store, scan.id, 'done');
});
