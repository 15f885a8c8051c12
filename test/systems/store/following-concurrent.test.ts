/** Several transactions at once: whoever commits last has evaluated what is then stored, and nobody is missed. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, beforeEach, test } from 'node:test';
import { changeMembership, ensureAudience } from '../../../systems/store/audiences.ts';
import { saveRule } from '../../../systems/store/audience-rules.ts';
import { transaction } from '../../../systems/store/database.ts';
import type { Database } from '../../../systems/store/database.ts';
import { evaluateDue, evaluateEverybody } from '../../../systems/store/evaluation.ts';
import { openHashKeys } from '../../../systems/store/identities.ts';
import { writeProfiles } from '../../../systems/store/profiles.ts';
import type { FieldValue } from '../../../systems/store/profiles.ts';
import { keyFrom } from '../../../systems/store/secrets.ts';
import { addUserFields } from '../../../systems/store/user-fields.ts';
import { openTestStore } from '../../harness/store.ts';
import { evaluateAll, membershipsNow } from './memberships.ts';

const { store, ...testStore } = await openTestStore();
after(() => testStore.close());
const hashKeys = await openHashKeys(store, keyFrom(randomBytes(32).toString('base64')));
await addUserFields(
  store,
  new Map([...['a', 'b'].map((field) => [field, 'int'] as const), ['seen', 'date']]),
);
beforeEach(() =>
  store.query('truncate profiles, identities, audiences, audience_members, due_profiles cascade'),
);

const nowMs = Date.parse('2026-06-15T12:00:00Z');

const write = (
  database: Database,
  email: string,
  fields: Readonly<Record<string, FieldValue>>,
): Promise<unknown> =>
  writeProfiles(
    database,
    hashKeys,
    [{ identities: [{ field: 'email', value: email }], fields: { email, ...fields } }],
    nowMs,
  );

async function makeRule(name: string, filter: string): Promise<void> {
  const { owed } = await saveRule(store, name, filter);
  await evaluateEverybody(
    store,
    owed.map(({ id }) => id),
    { now: () => nowMs },
  );
}

/** Waits until so many transactions wait for a lock of this test's database. */
async function untilWaiting(count: number): Promise<void> {
  for (;;) {
    const { rows } = await store.query<{ waiting: number }>(
      `select count(*) as waiting from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`,
    );
    if ((rows[0]?.waiting ?? 0) >= count) return;
  }
}

async function expectFollowed(): Promise<void> {
  const stored = await membershipsNow(store);
  for (const [name, expected] of await evaluateAll(store, nowMs))
    assert.deepEqual([...(stored.get(name) ?? [])].sort(), [...expected].sort(), name);
}

test('Two transactions make one field each what a rule asks for: the later one lets the person enter', async () => {
  await makeRule('both', 'FILTER AND (a > 1, b > 1)');
  await transaction(store, (database) => write(database, 'ann@x.io', { a: 0, b: 0 }));
  let later: Promise<unknown> = Promise.resolve();
  await transaction(store, async (database) => {
    await write(database, 'ann@x.io', { a: 2 });
    later = transaction(store, (other) => write(other, 'ann@x.io', { b: 2 }));
    await untilWaiting(1);
  });
  await later;
  assert.equal((await membershipsNow(store)).get('both')?.size, 1);
  await expectFollowed();
});

test('A rule that is made while somebody new is being written misses nobody', async () => {
  await transaction(store, (database) => write(database, 'first@x.io', { a: 5 }));
  let made: Promise<unknown> = Promise.resolve();
  await transaction(store, async (database) => {
    // Evaluated already, and the rule is not there yet.
    await makeRule('other', 'FILTER b > 1');
    await write(database, 'new@x.io', { a: 5 });
    made = makeRule('late', 'FILTER a > 1');
    await untilWaiting(1);
  });
  await made;
  assert.equal((await membershipsNow(store)).get('late')?.size, 2);
});

test('People, lists, rules and the clock all at once end as a full evaluation says (real concurrency)', async () => {
  const emails = Array.from({ length: 12 }, (_, index) => `p${index}@x.io`);
  const any = <Item>(items: readonly Item[]): Item => {
    const item = items[Math.floor(Math.random() * items.length)];
    assert.ok(item !== undefined);
    return item;
  };
  const value = (): number => Math.floor(Math.random() * 4);
  const { id: listId } = await ensureAudience(store, 'L');
  const filters = [
    'FILTER a > 1',
    'FILTER AND (a > 1, b < 2)',
    'FILTER OR (INCLUDE L, b == 3)',
    'FILTER AND (a < 3, NOT INCLUDE L)',
    'FILTER seen > "now-2d"',
    'FILTER NOT EXISTS b',
  ];
  const works: readonly (() => Promise<unknown>)[] = [
    ...['a', 'b'].map(
      (field) => () => transaction(store, (database) => write(database, any(emails), { [field]: value() })),
    ),
    () =>
      transaction(store, (database) =>
        write(database, any(emails), { seen: new Date(nowMs - value() * 86_400_000).toISOString() }),
      ),
    async () => {
      const { rows } = await store.query<{ id: string }>('select id from profiles order by random() limit 3');
      const ids = rows.map(({ id }) => id);
      await transaction(store, (database) =>
        changeMembership(database, listId, ids, any(['enter', 'exit']), nowMs),
      );
    },
    () => makeRule(`R${value()}`, any(filters)),
    () => evaluateDue(store, nowMs),
  ];
  for (let round = 0; round < 5; round++) {
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        for (let turn = 0; turn < 12; turn++) await any(works)();
      }),
    );
    await expectFollowed();
  }
  const { rows } = await store.query<{ wrong: number }>(
    `select count(*) as wrong from (
       select change, lag(change) over (partition by audience_id, profile_id order by no) as before
         from changes, unnest(audience_ids) as audience_id
         where change in ('enter', 'exit')) as turns
      where change = coalesce(before, 'exit')`,
  );
  assert.equal(rows[0]?.wrong, 0, 'enters and exits take turns');
});
