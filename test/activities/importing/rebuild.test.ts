/**
 * Profiles built anew from the stream on a real PostgreSQL: by the same mapping, by another, and since a file is
 * taken back; by processes that die at any query.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { rebuildBounds, runRebuild, startRebuild } from '../../../activities/importing/rebuild.ts';
import { transaction } from '../../../systems/store/database.ts';
import type { Pool } from '../../../systems/store/database.ts';
import { writeProfiles } from '../../../systems/store/profiles.ts';
import { endRebuild } from '../../../systems/store/rebuilds.ts';
import { readUserFields } from '../../../systems/store/user-fields.ts';
import { openEventStore } from './event-store.ts';
import type { EventStore } from './event-store.ts';
import { Died, mortal } from './mortal-pool.ts';

const columns = ['EVENT_CAPTURED_DT', 'RIID', 'EMAIL', 'OFFER_NAME'];
let one: EventStore;
let other: EventStore;
before(async () => {
  [one, other] = [await openEventStore(columns), await openEventStore(columns)];
});
after(async () => {
  await one.close();
  await other.close();
});

const ids = 'email(email) AS email, riid AS rs_user_id';
const tail = 'FROM responsys_events INTO user BY email OR rs_user_id ALIAS';
/** What a field is changes as well: `last` from a text to a number, `offers` from a set to its newest. */
const first = `SELECT ${ids}, set(offer_name) AS offers, count(event) AS clicks IF event == "click",
  offer_name AS last, valuect(offer_name) AS gone, set(offer_name) AS bounded, max(epochms()) AS seen KIND int ${tail} first`;
const second = `SELECT ${ids}, offer_name AS offers, count(event) AS clicks IF event == "sent", min(epochms()) AS last,
  valuect(offer_name) AS made, set(offer_name) AS bounded CAPACITY 2, max(epochms()) AS seen KIND date ${tail} second`;
const elsewhere = `SELECT ${ids}, count(event) AS clicks IF event == "click", set(offer_name) AS only_there ${tail} elsewhere`;

const row = fc
  .record({
    at: fc.integer({ min: 1, max: 4 }),
    riid: fc.integer({ min: 0, max: 5 }),
    email: fc.integer({ min: 0, max: 9 }),
    offer: fc.integer({ min: 0, max: 3 }),
  })
  .map(({ at, riid, email, offer }) => [
    String(at * 1000),
    riid === 0 ? '' : String(riid),
    // Now and then the address is told, and joins what was known by RIID alone.
    email > 1 || riid === 0 ? '' : `p${riid}@example.com`,
    offer === 0 ? '' : `offer ${offer}`,
  ]);
const files = fc.array(
  fc.record({ type: fc.constantFrom('SENT', 'CLICK'), rows: fc.array(row, { maxLength: 50 }) }),
  { minLength: 1, maxLength: 3 },
);
type Files = typeof files extends fc.Arbitrary<infer T> ? T : never;

async function empty({ store }: EventStore): Promise<void> {
  await store.query(
    `truncate profiles, identities, profile_aliases, audience_members, changes, responsys_events, event_files, event_columns,
       set_aside_events, rebuilds, user_fields cascade`,
  );
  await store.query("delete from jobs where kind = 'import-activity'");
}
const pathOf = (type: string, index: number): string => `7_${type}_20260131_${String(100000 + index)}.txt`;

async function importAll(events: EventStore, all: Files, mapping?: string): Promise<void> {
  await empty(events);
  await events.setImport('job', mapping);
  for (const [index, { type, rows }] of all.entries())
    await events.importFile('job', pathOf(type, index), rows);
}

/** People as another source tells them: with fields of their own, and with one that the mapping makes too. */
async function importPeople({ store, hashKeys }: EventStore): Promise<void> {
  await transaction(store, (database) =>
    writeProfiles(
      database,
      hashKeys,
      [1, 2].map((riid) => {
        const email = `p${riid}@example.com`;
        return {
          identities: [{ field: 'email', value: email } as const],
          fields: { email, age: 30 + riid, last: 'told', gone: { told: 1 } },
        };
      }),
    ),
  );
}

async function rebuild(events: EventStore, path: string | null = null, pool = events.store): Promise<void> {
  const { hashKeys } = events;
  const id = await startRebuild(pool, 'job', path);
  await runRebuild(
    {
      store: pool,
      hashKeys,
      signal: new AbortController().signal,
      bounds: { ...rebuildBounds, eventsAtOnce: 8, foldEvents: 15 },
    },
    id,
  );
}

async function rebuildWithDeaths(
  events: EventStore,
  path: string | null,
  deaths: readonly { readonly at: number; readonly commitArrives: boolean }[],
): Promise<void> {
  const { hashKeys } = events;
  const pending = [...deaths];
  const dying = async <Result>(work: (pool: Pool) => Promise<Result>): Promise<Result> => {
    for (;;) {
      const death = pending.pop();
      try {
        return await work(
          death === undefined ? events.store : mortal(events.store, death.at, death.commitArrives),
        );
      } catch (error) {
        if (!(error instanceof Died)) throw error;
      }
    }
  };
  const id = await dying((pool) => startRebuild(pool, 'job', path));
  const bounds = { ...rebuildBounds, eventsAtOnce: 8, foldEvents: 15 };
  const signal = new AbortController().signal;
  await dying((store) => runRebuild({ store, hashKeys, signal, bounds }, id));
}

async function profilesOf({ store }: EventStore): Promise<readonly string[]> {
  const { rows } = await store.query<{ fields: object }>('select fields from profiles');
  return rows.map(({ fields }) => JSON.stringify(fields)).sort();
}
async function exactly({ store }: EventStore): Promise<unknown> {
  const { rows } = await store.query<{ aggregates: string[] | null }>(
    'select id, fields, aggregates, change_no, updated_at from profiles order by id',
  );
  return rows.map((profile) => ({
    ...profile,
    aggregates: profile.aggregates?.map((text) => JSON.parse(text) as object),
  }));
}
async function filesOf({ store }: EventStore): Promise<unknown> {
  const { rows } = await store.query(
    `select path, state, events, repeated_rows, set_aside_rows, nobodys_rows, read_to, folded_to,
            (select count(*) from responsys_events where file_id = event_files.id) as stored
       from event_files order by path`,
  );
  return rows;
}

test('the same mapping changes no profile, whatever others have written since', async () => {
  await fc.assert(
    fc.asyncProperty(files, fc.boolean(), async (all, isToldFirst) => {
      await importAll(one, all, first);
      await importPeople(one);
      if (isToldFirst) await one.importFile('job', pathOf('CLICK', 9), all[0]?.rows ?? []);
      const before = [await exactly(one), await filesOf(one)];
      await rebuild(one);
      assert.deepEqual([await exactly(one), await filesOf(one)], before);
    }),
    { numRuns: 15 },
  );
});

const deaths = fc.array(fc.record({ at: fc.integer({ min: 1, max: 25 }), commitArrives: fc.boolean() }), {
  maxLength: 6,
});

test('another mapping gives what a fresh import with it gives (real PostgreSQL, random kills)', async () => {
  await fc.assert(
    fc.asyncProperty(files, deaths, async (all, kills) => {
      await importAll(one, all, first);
      await importAll(other, all, second);
      await one.setImport('job', second);
      await rebuildWithDeaths(one, null, kills);
      assert.deepEqual(await profilesOf(one), await profilesOf(other));
      assert.deepEqual(await filesOf(one), await filesOf(other));
      assert.equal((await readUserFields(one.store)).get('seen'), 'date');
      // What comes later goes on from there.
      const more = all[0]?.rows.map(([, ...values]) => ['9000', ...values]) ?? [];
      for (const events of [one, other]) await events.importFile('job', pathOf('CLICK', 8), more);
      assert.deepEqual(await profilesOf(one), await profilesOf(other));
    }),
    { numRuns: 25 },
  );
});

test('a file that is taken back and imported again as it was changes nothing (real PostgreSQL, random kills)', async () => {
  await fc.assert(
    fc.asyncProperty(files, fc.nat(), deaths, async (all, which, kills) => {
      await importAll(one, all, first);
      const before = [await profilesOf(one), await filesOf(one)];
      const index = which % all.length;
      const { type = '', rows = [] } = all[index] ?? {};
      await rebuildWithDeaths(one, pathOf(type, index), kills);
      const { rows: taken } = await one.store.query<{ id: number; state: string; stored: number }>(
        `select id, state, (select count(*) from responsys_events where file_id = event_files.id) as stored
           from event_files where path = $1`,
        [pathOf(type, index)],
      );
      assert.deepEqual([taken[0]?.state, taken[0]?.stored], ['ready', 0]);
      await one.readFile(taken[0]?.id ?? 0, rows);
      assert.deepEqual([await profilesOf(one), await filesOf(one)], before);
    }),
    { numRuns: 25 },
  );
});

test('without the file, profiles are what the other files alone make', async () => {
  await fc.assert(
    fc.asyncProperty(files, async (all) => {
      // No rows that another file has, too, and nothing that ties people together: neither is unlearned.
      const untied = all.map(({ type, rows }, index) => ({
        type,
        rows: rows.map(([at = '', riid = '', , offer = '']) => [`${index + 1}${at}`, riid, '', offer]),
      }));
      await importAll(one, untied, first);
      await importAll(other, untied.slice(1), first);
      await rebuild(one, pathOf(untied[0]?.type ?? '', 0));
      const known = new Set(
        (await profilesOf(other)).map((text) => (JSON.parse(text) as { rs_user_id: string }).rs_user_id),
      );
      const [left, gone] = [[] as string[], [] as string[]];
      for (const text of await profilesOf(one))
        (known.has((JSON.parse(text) as { rs_user_id: string }).rs_user_id) ? left : gone).push(text);
      assert.deepEqual(left, await profilesOf(other));
      // Of those who were in that file alone, it is still known who they are.
      for (const text of gone) assert.deepEqual(Object.keys(JSON.parse(text) as object), ['rs_user_id']);
    }),
    { numRuns: 15 },
  );
});

test('what other sources have told stays, when the mapping no longer makes it', async () => {
  await importAll(
    one,
    [
      {
        type: 'CLICK',
        rows: [
          ['1000', '1', 'p1@example.com', 'offer 1'],
          ['1000', '4', '', 'offer 1'],
        ],
      },
    ],
    first,
  );
  await importPeople(one);
  await one.setImport('job', second);
  await rebuild(one);
  const { rows } = await one.store.query<{ fields: Record<string, unknown> }>(
    "select fields from profiles where fields ? 'rs_user_id' order by fields ->> 'rs_user_id'",
  );
  const common = {
    bounded: ['offer 1'],
    offers: 'offer 1',
    last: 1000,
    made: { 'offer 1': 1 },
    seen: '1970-01-01T00:00:01.000Z',
  };
  assert.deepEqual(
    rows.map(({ fields }) => fields),
    [
      { ...common, email: 'p1@example.com', rs_user_id: '1', age: 31, gone: { told: 1 } },
      { ...common, rs_user_id: '4' },
    ],
  );
  const { rows: changed } = await one.store.query<{ names: string[] }>(
    "select fields as names from changes where change = 'fields' order by no",
  );
  const ofRebuild = changed.slice(-2).map(({ names }) => names.toSorted());
  assert.deepEqual(ofRebuild.toSorted(), [
    ['clicks', 'gone', 'last', 'made', 'offers', 'seen'],
    ['clicks', 'last', 'made', 'offers', 'seen'],
  ]);
});

test('two imports with different mappings of the same people: each field is what its own makes', async () => {
  await importAll(one, [{ type: 'CLICK', rows: [['1000', '1', '', 'offer 1']] }], first);
  await one.setImport('else', elsewhere);
  await one.importFile('else', '7_CLICK_20260201_000000.txt', [
    ['2000', '1', '', 'offer 2'],
    ['2000', '2', '', 'offer 2'],
  ]);
  await one.importFile('job', pathOf('CLICK', 7), [['3000', '1', '', 'offer 3']]);
  await one.importFile('else', '7_CLICK_20260202_000000.txt', [['4000', '1', '', 'offer 4']]);
  const fieldsOf = async (riid: string): Promise<Readonly<Record<string, unknown>> | undefined> =>
    (
      await one.store.query<{ fields: Record<string, unknown> }>(
        "select fields from profiles where fields ->> 'rs_user_id' = $1",
        [riid],
      )
    ).rows[0]?.fields;
  const before = await fieldsOf('1');
  assert.deepEqual(
    [before?.['clicks'], before?.['only_there'], before?.['offers']],
    [4, ['offer 2', 'offer 4'], ['offer 1', 'offer 3']],
  );
  await rebuild(one);
  assert.deepEqual(await fieldsOf('1'), before);
  await one.importFile('else', '7_CLICK_20260203_000000.txt', [['5000', '1', '', 'offer 5']]);
  const later = await fieldsOf('1');
  assert.deepEqual([later?.['clicks'], later?.['only_there']], [5, ['offer 2', 'offer 4', 'offer 5']]);
});

test('folding waits while profiles are built anew, and loses nothing', async () => {
  const rows = [
    ['1000', '1', '', 'offer 1'],
    ['1000', '2', '', 'offer 1'],
  ];
  await importAll(one, [{ type: 'CLICK', rows }], first);
  const id = await startRebuild(one.store, 'job', null);
  const later = [['2000', '1', '', 'offer 2']];
  await assert.rejects(one.importFile('job', pathOf('CLICK', 5), later), /REBUILD_RUNS|being built anew/);
  const { rows: stored } = await one.store.query<{
    id: number;
    state: string;
    read_to: number;
    folded_to: number;
  }>('select id, state, read_to, folded_to from event_files where path = $1', [pathOf('CLICK', 5)]);
  assert.deepEqual([stored[0]?.state, stored[0]?.read_to, stored[0]?.folded_to], ['reading', 2, 0]);
  await assert.rejects(startRebuild(one.store, 'job', pathOf('CLICK', 5)), /is being read/);
  const { hashKeys, store } = one;
  await runRebuild({ store, hashKeys, signal: new AbortController().signal, bounds: rebuildBounds }, id);
  await one.readFile(stored[0]?.id ?? 0, later);
  const found = await profilesOf(one);
  assert.deepEqual(found.map((text) => (JSON.parse(text) as { clicks: number }).clicks).sort(), [1, 2]);
  await assert.rejects(startRebuild(store, 'job', 'nosuch.txt'), /has none called "nosuch\.txt"/);
});

test('one that is left leaves every profile as it was; another begins anew', async () => {
  await importAll(one, [{ type: 'CLICK', rows: [['1000', '1', '', 'offer 1']] }], first);
  const before = await exactly(one);
  const { store, hashKeys } = one;
  await one.setImport('job', second);
  const left = await startRebuild(store, 'job', null);
  // As from a worker that died: the next to begin leaves it behind.
  const next = await startRebuild(store, 'job', null);
  await transaction(store, (database) => endRebuild(database, next, 'abandoned'));
  const signal = new AbortController().signal;
  for (const id of [left, next]) await runRebuild({ store, hashKeys, signal, bounds: rebuildBounds }, id);
  assert.deepEqual(await exactly(one), before);
  assert.deepEqual((await store.query('select 1 from rebuild_parts')).rows, []);
  await one.importFile('job', pathOf('CLICK', 5), [['2000', '2', '', 'offer 2']]);
  assert.equal((await profilesOf(one)).length, 2);
});

test('a file that is half read while the mapping changes is read on by the new one', async () => {
  const rows = Array.from({ length: 60 }, (_, at) => [
    String(1000 + at),
    String(1 + (at % 4)),
    '',
    `offer ${at}`,
  ]);
  await importAll(other, [{ type: 'CLICK', rows }], second);
  await importAll(one, [], first);
  const meanwhile = async (): Promise<void> => {
    await one.setImport('job', second);
    await rebuild(one);
  };
  const path = pathOf('CLICK', 0);
  await assert.rejects(one.importFile('job', path, rows, meanwhile), /built anew by another mapping/);
  const { rows: files } = await one.store.query<{ id: number; folded_to: number }>(
    'select id, folded_to from event_files',
  );
  assert.ok((files[0]?.folded_to ?? 0) > 1 && (files[0]?.folded_to ?? 0) < 61);
  await one.readFile(files[0]?.id ?? 0, rows);
  assert.deepEqual(await profilesOf(one), await profilesOf(other));
});
