/** Profiles, identities and memberships on a real PostgreSQL, concurrent ones included. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { changeMembership, ensureAudience } from '../../../systems/store/audiences.ts';
import { readChanges, relayPositions, startRelaying } from '../../../systems/store/changes.ts';
import { openStore, transaction } from '../../../systems/store/database.ts';
import type { Pool } from '../../../systems/store/database.ts';
import { addHashKey, findProfiles, openHashKeys } from '../../../systems/store/identities.ts';
import type { HashKeys, Identity } from '../../../systems/store/identities.ts';
import { writeProfiles } from '../../../systems/store/profiles.ts';
import { beginReplacement } from '../../../systems/store/replacement.ts';
import { keyFrom } from '../../../systems/store/secrets.ts';
import { freshDatabase } from '../../harness/postgres.ts';

const master = keyFrom(randomBytes(32).toString('base64'));
const database = await freshDatabase();
let store: Pool;
let hashKeys: HashKeys;

before(async () => {
  store = await openStore(database.url);
  hashKeys = await openHashKeys(store, master);
});
after(async () => {
  await store.end();
  await database.drop();
});

const email = (value: string): Identity => ({ field: 'email', value });
const person = (value: string, fields = {}) => ({
  identities: [email(value)],
  fields: { email: value, ...fields },
});

async function write(...emails: readonly string[]): Promise<readonly string[]> {
  const written = await transaction(store, (own) =>
    writeProfiles(
      own,
      hashKeys,
      emails.map((one) => person(one)),
    ),
  );
  return written.map(({ profileId }) => profileId);
}

const numbersOf = async (profileId: string): Promise<{ change_no: number; fields: unknown } | undefined> =>
  (
    await store.query<{ change_no: number; fields: unknown }>(
      'select change_no, fields from profiles where id = $1',
      [profileId],
    )
  ).rows[0];

test('Entering twice is entering once; so is leaving; each change is logged and counted on the profile', async () => {
  const audience = await ensureAudience(store, 'Idempotent');
  const [id = ''] = await write('twice@example.com');
  const changes = ['enter', 'enter', 'exit', 'exit', 'enter'] as const;
  const moved = [];
  for (const change of changes)
    moved.push(
      (await transaction(store, (own) => changeMembership(own, audience.id, [id, id], change))).length,
    );
  assert.deepEqual(moved, [1, 0, 1, 0, 1]);
  const { rows } = await store.query<{ change: string }>(
    'select change from changes where $1 = any(audience_ids) order by tx, no',
    [audience.id],
  );
  assert.deepEqual(
    rows.map((row) => row.change),
    ['enter', 'exit', 'enter'],
  );
  assert.equal((await numbersOf(id))?.change_no, 4);
});

test('Who was never in an audience does not leave it, and who is not known does not enter', async () => {
  const audience = await ensureAudience(store, 'Strangers');
  const [id = ''] = await write('stranger@example.com');
  const none = '00000000-0000-4000-8000-000000000000';
  assert.deepEqual(await transaction(store, (own) => changeMembership(own, audience.id, [id], 'exit')), []);
  assert.deepEqual(
    await transaction(store, (own) => changeMembership(own, audience.id, [none], 'enter')),
    [],
  );
});

/** A job that follows this audience, as far as the log's reader looks at it. */
async function follow(jobId: string, audienceId: string): Promise<void> {
  await store.query(
    `with made as (insert into authorizations (id, kind, label, settings, sealed_secrets) values ($1, '', $1, '{}', '') returning id),
          job as (insert into jobs (id, kind, label, authorization_id, configuration) select $1, '', $1, id, '{}' from made returning id)
     insert into job_audiences (job_id, audience_id, is_source) select id, $2, true from job`,
    [jobId, audienceId],
  );
}

test('A change that commits late is told, in its place, by a reader of the log (real transactions)', async () => {
  const audience = await ensureAudience(store, 'Late');
  await follow('late', audience.id);
  const [late = '', early = ''] = await write('late@example.com', 'early@example.com');
  await startRelaying(store, 'late');
  const [from] = await relayPositions(store);
  assert.ok(from !== undefined);
  let position = from;
  const told: string[] = [];
  const readOn = async (): Promise<void> => {
    for (let page; (page = await readChanges(store, position, 1)) !== undefined; position = page.next)
      told.push(...page.changes.map(({ profileId }) => profileId));
  };
  const slow = await store.connect();
  try {
    await slow.query('begin');
    await changeMembership(slow, audience.id, [late], 'enter');
    await transaction(store, (own) => changeMembership(own, audience.id, [early], 'enter'));
    await readOn();
    assert.deepEqual(told, [], 'nothing is told past a transaction that still runs');
    await slow.query('commit');
  } finally {
    slow.release();
  }
  // Other tests on the same server have transactions too, and the log waits for the oldest of all.
  const until = Date.now() + 20_000;
  while (told.length < 2 && Date.now() < until) {
    await readOn();
    await wait(20);
  }
  assert.deepEqual(told, [late, early]);
});

test('People who are new to several writers at once become one profile each (real concurrency)', async () => {
  const emails = Array.from({ length: 40 }, (_, index) => `race${index}@example.com`);
  const orders = [emails, emails.toReversed(), emails.filter((_, index) => index % 2 === 0), emails];
  const written = await Promise.all(
    orders.map(async (order) => new Map((await write(...order)).map((id, index) => [order[index], id]))),
  );
  for (const one of emails)
    assert.equal(
      new Set(written.flatMap((ids) => ids.get(one) ?? [])).size,
      1,
      'all writers found one profile',
    );
  const { rows } = await store.query<{ count: number }>(
    "select count(*) from profiles where fields ->> 'email' like 'race%'",
  );
  assert.equal(rows[0]?.count, emails.length);
});

test('Two transactions of 20,000 people each do not use up the locks that PostgreSQL has', async () => {
  const writers = ['ours', 'theirs'].map((whose) =>
    write(...Array.from({ length: 20_000 }, (_, at) => `many${at}@${whose}.example`)),
  );
  const written = await Promise.all(writers);
  assert.equal(new Set(written.flat()).size, 40_000);
});

test('Concurrent enters and exits of the same people end without a deadlock, log and membership agreeing', async () => {
  const audience = await ensureAudience(store, 'Contended');
  const ids = await write(...Array.from({ length: 30 }, (_, index) => `contended${index}@example.com`));
  await Promise.all(
    Array.from({ length: 12 }, (_, index) =>
      transaction(store, (own) =>
        changeMembership(
          own,
          audience.id,
          index % 2 === 0 ? ids : ids.toReversed(),
          index % 3 === 0 ? 'exit' : 'enter',
        ),
      ),
    ),
  );
  const { rows } = await store.query<{ wrong: number }>(
    `select count(*) as wrong from audience_members as members
      where audience_id = $1 and is_member <>
            ((select count(*) filter (where change = 'enter') - count(*) filter (where change = 'exit')
                from changes where $1 = any(changes.audience_ids) and changes.profile_id = members.profile_id) = 1)`,
    [audience.id],
  );
  assert.equal(rows[0]?.wrong, 0);
});

test('Of several inputs of one person the later wins, field by field; what it lacks stays', async () => {
  const written = await transaction(store, (own) =>
    writeProfiles(own, hashKeys, [
      person('same@example.com', { a: 1, b: 1 }),
      { identities: [{ field: 'customer_id', value: 'c-1' }, email('same@example.com')], fields: { b: 2 } },
      { identities: [{ field: 'customer_id', value: 'c-1' }], fields: { c: 3 } },
    ]),
  );
  const ids = new Set(written.map(({ profileId }) => profileId));
  assert.equal(ids.size, 1);
  const [id = ''] = ids;
  const first = await numbersOf(id);
  assert.ok(first !== undefined);
  assert.deepEqual(first.fields, { email: 'same@example.com', a: 1, b: 2, c: 3 });
  const again = await transaction(store, (own) =>
    writeProfiles(own, hashKeys, [
      person('same@example.com', { b: 2 }),
      person('same@example.com', { b: 9 }),
    ]),
  );
  assert.deepEqual(
    again.map(({ outcome }) => outcome),
    ['changed', 'changed'],
  );
  const unchanged = await transaction(store, (own) =>
    writeProfiles(own, hashKeys, [person('same@example.com', { b: 9 })]),
  );
  assert.equal(unchanged[0]?.outcome, 'unchanged');
  assert.equal((await numbersOf(id))?.change_no, first.change_no + 1);
});

test('After a new hash key, known people are found under the old one and written under the new one', async () => {
  const [id] = await write('rotated@example.com');
  await transaction(store, (own) => addHashKey(own, master));
  const rotated = await openHashKeys(store, master);
  assert.equal(rotated.keys.length, 2);
  assert.deepEqual(await findProfiles(store, rotated, [email('rotated@example.com')]), [id]);
  const [written] = await transaction(store, (own) =>
    writeProfiles(own, rotated, [person('rotated@example.com')]),
  );
  assert.equal(written?.profileId, id);
  const newest = { keys: rotated.keys.slice(0, 1) };
  assert.deepEqual(await findProfiles(store, newest, [email('rotated@example.com')]), [id]);
});

test('Replacing lets leave who is not named, but nobody who entered since it began', async () => {
  const audience = await ensureAudience(store, 'Replaced');
  const [stays = '', goes = '', comes = ''] = await write('stays@x', 'goes@x', 'comes@x');
  await transaction(store, (own) => changeMembership(own, audience.id, [stays, goes], 'enter'));
  const replacement = await beginReplacement(store, audience.id);
  await transaction(store, (own) => changeMembership(own, audience.id, [comes], 'enter'));
  await replacement.stay([stays, stays]);
  assert.equal(await replacement.letOthersLeave(), 1);
  replacement.close();
  const { rows } = await store.query<{ profile_id: string }>(
    'select profile_id from audience_members where audience_id = $1 and is_member',
    [audience.id],
  );
  assert.deepEqual(new Set(rows.map((row) => row.profile_id)), new Set([stays, comes]));
});

test('No identifier stands in the alias table', async () => {
  await write('canary@example.com');
  const { rows } = await store.query<{ text: string }>('select identities::text as text from identities');
  assert.ok(rows.length > 0);
  for (const { text } of rows) {
    assert.doesNotMatch(text, /canary/);
    assert.ok(!text.includes(Buffer.from('canary').toString('hex')));
  }
});
