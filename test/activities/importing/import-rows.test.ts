/**
 * Files into stream and profiles on a real PostgreSQL, with attempts that die at any query, die between the
 * commit and its answer, or are overtaken by another.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import type { EventMapping } from '../../../activities/importing/event-mapping.ts';
import { importRows } from '../../../activities/importing/import-rows.ts';
import type { FileRecord } from '../../../activities/importing/import-rows.ts';
import { openOccurrences } from '../../../activities/importing/occurrences.ts';
import type { Occurrences } from '../../../activities/importing/occurrences.ts';
import { openStore, transaction } from '../../../systems/store/database.ts';
import type { Pool } from '../../../systems/store/database.ts';
import { beginAttempt, filesToRead, listFiles, noteListing } from '../../../systems/store/event-files.ts';
import type { Attempt, Reading } from '../../../systems/store/event-files.ts';
import { hashIdentity, openHashKeys } from '../../../systems/store/identities.ts';
import type { HashKeys, Identity } from '../../../systems/store/identities.ts';
import { keyFrom } from '../../../systems/store/secrets.ts';
import { freshDatabase } from '../../harness/postgres.ts';
import { Died, mortal } from './mortal-pool.ts';

const database = await freshDatabase();
const folder = mkdtempSync(join(tmpdir(), 'import-rows-'));
let store: Pool;
let hashKeys: HashKeys;

before(async () => {
  store = await openStore(database.url);
  hashKeys = await openHashKeys(store, keyFrom(randomBytes(32).toString('base64')));
  await store.query(
    `insert into authorizations (id, kind, label, settings, sealed_secrets) values ('a', '', 'a', '{}', '')`,
  );
});
after(async () => {
  await store.end();
  await database.drop();
  rmSync(folder, { recursive: true });
});

/** Counts a person's events, and knows the latest offer: a sum, and a value by time. */
type Counted = readonly [count: number, atMs: number, offer: string];
const later = (one: Counted, other: Counted): Counted =>
  one[1] > other[1] || (one[1] === other[1] && one[2] > other[2]) ? one : other;
const mapping: EventMapping<Counted> = {
  reader: (columns) => {
    const at = (name: string): number => columns.findIndex((one) => one.toLowerCase() === name);
    const [riid, email, offer] = [at('riid'), at('email'), at('offer_number')];
    return (values, atMs) => {
      const identities: Identity[] = [];
      if (values[email]) identities.push({ field: 'email', value: values[email] });
      if (values[riid]) identities.push({ field: 'rs_user_id', value: values[riid] });
      return { identities, addition: { atMs, cells: [values[offer] ?? ''] } };
    };
  },
  add: (known, addition) => {
    const counted: Counted = [1, addition.atMs, addition.cells[0] ?? ''];
    return known === undefined ? counted : mapping.merge(known, counted);
  },
  merge: (one, other) => [one[0] + other[0], later(one, other)[1], later(one, other)[2]],
  write: (counted) => JSON.stringify(counted),
  texts: (counted) => ({
    aggregates: JSON.stringify(counted),
    fields: JSON.stringify(mapping.fieldsOf(counted)),
  }),
  read: (text) => JSON.parse(text) as Counted,
  fieldsOf: ([count, , offer]) => ({ events: count, offer }),
};

const columns = ['EVENT_CAPTURED_DT', 'RIID', 'EMAIL', 'OFFER_NUMBER'];
const bounds = { chunkRows: 7, chunkBytes: 10_000, foldEvents: 18, foldBytes: 1 << 30 };
const readTime = (text: string): number | undefined => (text === '' ? undefined : Number(text));

const batches = (records: readonly FileRecord[]) => () => Promise.resolve(inBatches(records));

async function* inBatches(records: readonly FileRecord[]): AsyncGenerator<readonly FileRecord[]> {
  for (let from = 0; from < records.length; from += 5) {
    await Promise.resolve();
    yield records.slice(from, from + 5);
  }
}

const importing = (pool: Pool, attempt: Attempt) => ({
  store: pool,
  hashKeys,
  mapping,
  attempt,
  readTime,
  bounds,
  bytesRead: () => 0,
  occurrences: occurrencesInParts(),
});

/** Most of them are put aside. */
const occurrences: Occurrences[] = [];
let asides = 0;
function occurrencesInParts(): Occurrences {
  const one = openOccurrences(join(folder, String(++asides)), 16);
  occurrences.push(one);
  return one;
}

let jobs = 0;
async function newFiles(names: readonly string[]): Promise<{ jobId: string; ids: readonly number[] }> {
  for (const one of occurrences.splice(0)) one.close();
  const jobId = `job${++jobs}`;
  await store.query(
    `insert into jobs (id, kind, label, authorization_id, configuration) values ($1, 'import-activity', $1, 'a', '{}')`,
    [jobId],
  );
  const seen = names.map((path, index) => ({
    path,
    sizeBytes: 1,
    modifiedAtMs: 0,
    // Of an account of its own, so that its events are no other's.
    accountId: String(jobs),
    eventType: 'CLICK',
    stamp: String(index),
    isWhole: true,
    countFile: undefined,
  }));
  await transaction(store, (own) => noteListing(own, jobId, seen));
  return { jobId, ids: (await filesToRead(store, jobId, 100)).map(({ id }) => id) };
}

const reading: Reading = { customDelimiter: '|', mapping: undefined, timeZone: 'UTC' };

const attemptAt = async (fileId: number, how = reading): Promise<Attempt> => {
  const attempt = await beginAttempt(store, fileId, how);
  assert.ok(attempt !== undefined);
  return attempt;
};

/** Rows of few people, at few times, so that many are equal; some cannot be read. */
const row = fc.record({
  at: fc.integer({ min: 1, max: 3 }),
  riid: fc.integer({ min: 0, max: 6 }),
  offer: fc.integer({ min: 1, max: 3 }),
  fault: fc.integer({ min: 0, max: 9 }),
});
type Row = typeof row extends fc.Arbitrary<infer T> ? T : never;

const recordsOf = (rows: readonly Row[], scope: string): readonly FileRecord[] => [
  { columns },
  ...rows.map(({ at, riid, offer, fault }, index): FileRecord => {
    const line = index + 1;
    if (fault === 0) return { line, fault: 'a fault' };
    const person = riid === 0 ? '' : `${scope}-${riid}`;
    return { line, values: [fault === 1 ? '' : String(at), person, '', String(offer)] };
  }),
];

interface Expected {
  readonly events: number;
  readonly setAside: number;
  readonly byPerson: Readonly<Record<string, number>>;
}

/** Of several files, by the rule alone: of equal rows, as many as the file has that has most of them. */
function expected(files: readonly (readonly Row[])[], scope: string): Expected {
  const most = new Map<string, number>();
  const persons = new Map<string, string>();
  let setAside = 0;
  for (const rows of files) {
    const here = new Map<string, number>();
    for (const { at, riid, offer, fault } of rows) {
      if (fault <= 1) setAside += 1;
      else {
        const key = `${at} ${riid} ${offer}`;
        here.set(key, (here.get(key) ?? 0) + 1);
        persons.set(key, riid === 0 ? '' : `${scope}-${riid}`);
      }
    }
    for (const [key, times] of here) most.set(key, Math.max(times, most.get(key) ?? 0));
  }
  const byPerson: Record<string, number> = {};
  let events = 0;
  for (const [key, times] of most) {
    events += times;
    const person = persons.get(key) ?? '';
    if (person !== '') byPerson[person] = (byPerson[person] ?? 0) + times;
  }
  return { events, setAside, byPerson };
}

async function found(jobId: string, scope: string): Promise<Expected> {
  const files = await listFiles(store, jobId, 100);
  assert.deepEqual(new Set(files.map(({ state }) => state)), new Set(['done']));
  const { rows } = await store.query<{ row: string; at: Date }>(
    'select row, at from responsys_events where file_id = any($1::bigint[])',
    [files.map(({ id }) => id)],
  );
  const persons = new Set(rows.map(({ row: text }) => (JSON.parse(text) as string[])[1] ?? ''));
  const byPerson: Record<string, number> = {};
  for (const person of persons) {
    if (person === '') continue;
    assert.ok(person.startsWith(`${scope}-`));
    const { rows: profiles } = await store.query<{ events: number }>(
      `select (fields -> 'events')::int as events from profiles where id in (
         select profile_id from identities where hash = $1)`,
      [
        hashIdentity(hashKeys, {
          field: 'rs_user_id',
          value: person,
        }).hashes[0].hash,
      ],
    );
    assert.equal(profiles.length, 1);
    byPerson[person] = profiles[0]?.events ?? 0;
  }
  const { rows: aside } = await store.query<{ count: number }>(
    'select count(*) from set_aside_events where file_id = any($1::bigint[])',
    [files.map(({ id }) => id)],
  );
  assert.equal(
    rows.length,
    files.reduce((sum, { events }) => sum + events, 0),
  );
  return { events: rows.length, setAside: aside[0]?.count ?? 0, byPerson };
}

const deaths = fc.record({ at: fc.integer({ min: 1, max: 24 }), commitArrives: fc.boolean() });

test('whatever dies when, each row of each file counts once (real PostgreSQL, random kills)', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(row, { maxLength: 60 }), { minLength: 1, maxLength: 3 }),
      fc.array(deaths, { maxLength: 8 }),
      async (files, kills) => {
        const { jobId, ids } = await newFiles(files.map((_, index) => `f${index}`));
        const pending = [...kills];
        await Promise.all(
          files.map(async (rows, index) => {
            for (;;) {
              const death = pending.pop();
              const pool = death === undefined ? store : mortal(store, death.at, death.commitArrives);
              const attempt = await beginAttempt(store, ids[index] ?? 0, reading);
              if (attempt === undefined) return;
              try {
                await importRows(importing(pool, attempt), batches(recordsOf(rows, jobId)));
                return;
              } catch (error) {
                if (!(error instanceof Died)) throw error;
              }
            }
          }),
        );
        assert.deepEqual(await found(jobId, jobId), expected(files, jobId));
      },
    ),
    { numRuns: 60 },
  );
});

test('an attempt that another has taken over from changes nothing more (real concurrency)', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(row, { minLength: 20, maxLength: 60 }),
      fc.integer({ min: 2, max: 4 }),
      async (rows, attempts) => {
        const { jobId, ids } = await newFiles(['one']);
        const runs = [];
        for (let index = 0; index < attempts; index++) {
          const attempt = await beginAttempt(store, ids[0] ?? 0, reading);
          // On a slow machine the one before may have ended already.
          if (attempt === undefined) break;
          const run = importRows(importing(store, attempt), batches(recordsOf(rows, jobId)));
          run.catch(() => undefined);
          runs.push(run);
          // The one before is somewhere in the middle.
          await new Promise((resolve) => setTimeout(resolve, index * 3));
        }
        const ends = await Promise.allSettled(runs);
        assert.equal(ends.at(-1)?.status, 'fulfilled');
        for (const end of ends)
          if (end.status === 'rejected') assert.match(String(end.reason), /Another attempt/);
        assert.deepEqual(await found(jobId, jobId), expected([rows], jobId));
      },
    ),
    { numRuns: 20 },
  );
});

test('a RIID joins: who is known by it keeps the profile when an address is told, and when it changes', async () => {
  const { jobId, ids } = await newFiles(['sent', 'click', 'later']);
  const records = (...rows: readonly string[][]): readonly FileRecord[] => [
    { columns },
    ...rows.map((values, index) => ({ line: index + 1, values })),
  ];
  const files = [
    records(['1', `${jobId}-r1`, '', 'a'], ['2', `${jobId}-r1`, `${jobId}@old`, 'b']),
    records(['3', `${jobId}-r1`, '', 'c'], ['4', '', `${jobId}@old`, 'd']),
    records(['5', `${jobId}-r1`, `${jobId}@new`, 'e'], ['6', '', `${jobId}@new`, 'f']),
  ];
  for (const [index, file] of files.entries())
    await importRows(importing(store, await attemptAt(ids[index] ?? 0)), batches(file));
  const { rows } = await store.query<{ fields: object }>(
    'select fields from profiles where id in (select profile_id from identities where hash = any($1))',
    [
      [['email', '@old'] as const, ['email', '@new'] as const, ['rs_user_id', '-r1'] as const].map(
        ([field, value]) => hashIdentity(hashKeys, { field, value: `${jobId}${value}` }).hashes[0].hash,
      ),
    ],
  );
  assert.deepEqual(rows, [{ fields: { events: 6, offer: 'f' } }]);
});

test('a file of which rows were read is read to its end as it was begun; one that was not, as the job says now', async () => {
  const { ids } = await newFiles(['begun', 'untouched']);
  const [begun = 0, untouched = 0] = ids;
  await attemptAt(begun);
  await attemptAt(untouched);
  await store.query('update event_files set read_to = 1 where id = $1', [begun]);
  const anew: Reading = { customDelimiter: ';', mapping: 'another', timeZone: 'Europe/Berlin' };
  assert.deepEqual((await attemptAt(begun, anew)).reading, { customDelimiter: '|', timeZone: 'UTC' });
  assert.deepEqual((await attemptAt(untouched, anew)).reading, anew);
});
