import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Pool } from '../../../systems/store/database.ts';
import { burnFuse, countUnanswered, mendFuse } from '../../../systems/store/fuses.ts';
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

test('triggers without an answer are counted one after the other: not those at once, and not across one that got one', async () => {
  const claim = async (): Promise<readonly number[]> => {
    const { rows } = await store.query<{ no: number }>(
      `with mails as (
         insert into campaign_mails (job_id, stay_id, audience_id, profile_id, fate)
         values ('j', gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'unknown') returning no
       )
       insert into campaign_claims (job_id, lane, attempt, mail_no, key_id, address_hash)
       select 'j', 'live', gen_random_uuid(), no, 1, '' from mails returning mail_no as no`,
    );
    return rows.map(({ no }) => no);
  };
  const unanswered = (nos: readonly number[]): Promise<number> => countUnanswered(store, 'j', false, nos);
  const [one, atOnce] = [await claim(), await claim()];
  assert.deepEqual([await unanswered(one), await unanswered(atOnce)], [1, 1]);
  assert.equal(await unanswered(await claim()), 2);
  // Members that were judged and found good say nothing of triggers.
  await burn(1_000, 0);
  assert.equal(await unanswered(await claim()), 3);
  assert.equal(await countUnanswered(store, 'j', true, await claim()), 0);
  assert.equal(await unanswered(await claim()), 1);
  await mendFuse(store, 'j');
  assert.equal(await unanswered(await claim()), 1);
});
