import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { narrow } from '../../../systems/responsys/narrow.ts';
import type { SendResult } from '../../../systems/responsys/narrow.ts';

interface Row {
  readonly id: number;
  /** `hidden`: it fails inside a request that is taken; the others refuse the whole request. */
  readonly kind: 'good' | 'hidden' | 'named' | 'unnamed';
}

const requestsFault = new Error('the request is at fault');

/** A service that refuses a request for its first bad row, naming the row or not. */
function refusing(words: (row: Row) => string, aboutARow: boolean) {
  const counts = { requests: 0 };
  const taken: number[] = [];
  const refusedAlone = new Set<number>();
  const send = (rows: readonly Row[]): Promise<SendResult<string>> => {
    counts.requests += 1;
    const bad = rows.findIndex((row) => row.kind === 'named' || row.kind === 'unnamed');
    const row = rows[bad];
    if (row !== undefined) {
      const index = row.kind === 'named' ? bad : undefined;
      if (index !== undefined || rows.length === 1) refusedAlone.add(row.id);
      const doubtless = aboutARow || index !== undefined;
      return Promise.resolve({
        refusal: { index, words: words(row), aboutARow: doubtless, error: requestsFault },
      });
    }
    taken.push(...rows.map(({ id }) => id));
    return Promise.resolve({ outcomes: rows.map(({ kind }) => kind) });
  };
  return { send, counts, taken, refusedAlone };
}

const batchOf = (...kinds: Row['kind'][]) =>
  fc
    .array(fc.constantFrom(...kinds), { minLength: 1, maxLength: 200 })
    .map((all) => all.map((kind, id): Row => ({ id, kind })));

const isBad = ({ kind }: Row): boolean => kind === 'named' || kind === 'unnamed';
const expected = (rows: readonly Row[]): string[] => rows.map((row) => (isBad(row) ? 'set aside' : row.kind));
const byNumber = (one: number, other: number): number => one - other;
const log2 = (n: number): number => Math.ceil(Math.log2(n));

test('whatever rows are bad and however it is told, they alone are set aside, each for a refusal of its own, and all others are taken once', async () => {
  await fc.assert(
    fc.asyncProperty(batchOf('good', 'good', 'hidden', 'named', 'unnamed'), async (rows) => {
      const service = refusing(({ id }) => `value ${id} is bad`, false);
      const outcomes = await narrow(rows, service.send, () => 'set aside');
      assert.deepEqual(outcomes, expected(rows));
      const good = rows.filter((row) => !isBad(row)).map(({ id }) => id);
      assert.deepEqual(service.taken.toSorted(byNumber), good);
      assert.deepEqual(
        [...service.refusedAlone].toSorted(byNumber),
        rows.filter(isBad).map(({ id }) => id),
      );
    }),
  );
});

test('a bad row that is named costs one request more', async () => {
  await fc.assert(
    fc.asyncProperty(batchOf('good', 'named'), async (rows) => {
      const service = refusing(() => 'Bad Email Format', true);
      await narrow(rows, service.send, () => 'set aside');
      assert.ok(service.counts.requests <= rows.filter(isBad).length + 1);
    }),
  );
});

test('bad rows that none names cost log₂ n + 2 requests each while they are few, and never more than 2n beside three searches', async () => {
  const few = fc
    .integer({ min: 2, max: 200 })
    .chain((n) =>
      fc
        .uniqueArray(fc.nat(n - 1), { maxLength: 3 })
        .map((bad) =>
          Array.from({ length: n }, (_, id): Row => ({ id, kind: bad.includes(id) ? 'unnamed' : 'good' })),
        ),
    );
  const anyBatch = fc.oneof(few, batchOf('good', 'unnamed'), batchOf('unnamed'));
  await fc.assert(
    fc.asyncProperty(anyBatch, fc.boolean(), async (rows, aboutARow) => {
      const n = rows.length;
      const bad = rows.filter(isBad).length;
      const service = refusing(({ id }) => (aboutARow ? 'Bad Email Format' : `value ${id}`), aboutARow);
      const outcomes = await narrow(rows, service.send, () => 'set aside');
      assert.deepEqual(outcomes, expected(rows));
      const doubt = aboutARow ? 0 : 9;
      const bound = bad <= 3 ? bad * (log2(n) + 2) : 3 * (log2(n) + 2) + 2 * n;
      assert.ok(
        service.counts.requests - 1 <= bound + doubt,
        `${service.counts.requests} for ${bad} of ${n}`,
      );
    }),
  );
});

test('one bad row of 200 that no refusal names costs at most ten requests more, wherever it is', async () => {
  for (let bad = 0; bad < 200; bad++) {
    const service = refusing(() => 'Bad Email Format', true);
    const rows = Array.from({ length: 200 }, (_, id): Row => ({ id, kind: id === bad ? 'unnamed' : 'good' }));
    await narrow(rows, service.send, () => 'set aside');
    assert.ok(service.counts.requests - 1 <= 10, `row ${bad}: ${service.counts.requests - 1} requests more`);
  }
});

test('a request that is itself at fault is told from bad rows after a few tries, and rejects no row', async () => {
  for (const n of [8, 9, 50, 200]) {
    const service = refusing(() => 'updateOnMatch is not known', false);
    const rows = Array.from({ length: n }, (_, id): Row => ({ id, kind: 'unnamed' }));
    await assert.rejects(
      narrow(rows, service.send, () => 'set aside'),
      requestsFault,
    );
    assert.ok(service.counts.requests <= log2(n) + 9, `${n} rows: ${service.counts.requests} requests`);
  }
});

test('fewer than eight bad rows are never taken for the fault of the request, even in the same words', async () => {
  const batches = fc
    .integer({ min: 1, max: 200 })
    .chain((n) =>
      fc
        .uniqueArray(fc.nat(n - 1), { maxLength: 7 })
        .map((bad) =>
          Array.from({ length: n }, (_, id): Row => ({ id, kind: bad.includes(id) ? 'unnamed' : 'good' })),
        ),
    );
  await fc.assert(
    fc.asyncProperty(batches, async (rows) => {
      const service = refusing(() => 'INVALID_PARAMETER', false);
      assert.deepEqual(await narrow(rows, service.send, () => 'set aside'), expected(rows));
    }),
  );
});

test('a row that is only refused in company is taken alone, not set aside', async () => {
  const rows = Array.from({ length: 10 }, (_, id) => id);
  const together = (some: readonly number[]): Promise<SendResult<string>> =>
    Promise.resolve(
      some.includes(3) && some.includes(7)
        ? { refusal: { index: undefined, words: 'twice', aboutARow: true, error: requestsFault } }
        : { outcomes: some.map(() => 'taken') },
    );
  const outcomes = await narrow(rows, together, () => 'set aside');
  assert.deepEqual(new Set(outcomes), new Set(['taken']));
});
