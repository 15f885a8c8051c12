/** Random rules with time on random times: until it is due, the clock alone changes no answer. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from 'fast-check';
import type { Kind } from '../../../jobs/user-fields.ts';
import { compileFilter } from '../../../lql/filter/compile.ts';
import type { CompiledFilter } from '../../../lql/filter/compile.ts';
import { fieldTypesOf } from '../../../lql/filter/field-types.ts';
import { dueTimeOf, evaluateFilter } from '../../../systems/store/filters.ts';
import { openTestStore } from '../../harness/store.ts';

const { store, ...testStore } = await openTestStore();
after(() => testStore.close());

const kinds: ReadonlyMap<string, Kind> = new Map([
  ['seen', 'date'],
  ['visits', '[]time'],
  ['firsts', 'map[string]time'],
  ['count', 'int'],
]);
const compiled = (text: string): CompiledFilter =>
  compileFilter(text, { fieldTypes: fieldTypesOf(kinds), includes: () => undefined, firstParameter: 2 });

const DAY_MS = 86_400_000;
const shift = fc
  .tuple(fc.constantFrom('-', '+'), fc.nat({ max: 14 }), fc.constantFrom('s', 'm', 'h', 'd', 'w', 'M', 'y'))
  .map(([sign, amount, unit]) => `"now${sign}${amount}${unit}"`);
const sign = fc.constantFrom('<', '<=', '>', '>=', '==', '!=');
const comparison = fc.oneof(
  fc.tuple(fc.constantFrom('seen', 'visits', 'firsts.a'), sign, shift).map((parts) => parts.join(' ')),
  fc.tuple(shift, sign, fc.constant('seen')).map((parts) => parts.join(' ')),
  fc.tuple(shift, shift).map(([low, high]) => `seen BETWEEN ${low} AND ${high}`),
  fc.constant('now() > seen'),
);
const rule = fc.oneof(
  comparison.map((one) => `FILTER ${one}`),
  fc
    .tuple(comparison, comparison)
    .map(([one, other]) => `FILTER OR (NOT (${one}), AND (count > 1, ${other}))`),
);
/** Around the ends of months, where they are uneven. */
const present = fc
  .tuple(
    fc.constantFrom('2024-02-28', '2024-03-31', '2023-01-30', '2025-12-31', '2024-06-15'),
    fc.integer({ min: -3 * DAY_MS, max: 3 * DAY_MS }),
  )
  .map(([day, offset]) => Date.parse(`${day}T12:00:00Z`) + offset);
const distance = fc.oneof(
  fc.integer({ min: -500, max: 500 }).map((days) => days * DAY_MS),
  fc.integer({ min: -100_000, max: 100_000 }).map((ms) => ms * 7),
);

test('Between now and the time that it is due, an answer never changes', async () => {
  let changes = 0;
  await fc.assert(
    fc.asyncProperty(
      rule,
      present,
      fc.array(distance, { minLength: 3, maxLength: 3 }),
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 6, maxLength: 6 }),
      async (text, nowMs, distances, between) => {
        const filter = compiled(text);
        const [seen, visit, first] = distances.map((one) => new Date(nowMs + one).toISOString());
        const fields = { seen, visits: [visit, seen], firsts: { a: first }, count: 2 };
        assert.equal(filter.isTimed, true);
        const before = await evaluateFilter(store, filter, fields, nowMs);
        const due = await dueTimeOf(store, filter, fields, nowMs);
        assert.ok(due === undefined || due > nowMs, `${text}: due ${due ?? 0} at ${nowMs}`);
        const end = due ?? nowMs + 3_000 * DAY_MS;
        for (const part of [...between, 1]) {
          const atMs = Math.min(Math.floor(nowMs + (end - nowMs) * part), end - 1);
          assert.equal(
            await evaluateFilter(store, filter, fields, atMs),
            before,
            `${text} at ${new Date(atMs).toISOString()}, due ${new Date(end).toISOString()}`,
          );
        }
        if (due !== undefined && (await evaluateFilter(store, filter, fields, due)) !== before) changes++;
      },
    ),
    { numRuns: 600 },
  );
  assert.ok(changes > 50, `only ${changes} answers changed when they were due`);
});

test('A rule without time is never due, and says which fields it reads', async () => {
  const filter = compiled('FILTER AND (seen > "2024-01-01", firsts.a != 5, gone == 1)');
  assert.equal(filter.isTimed, false);
  assert.deepEqual(
    [...filter.fields],
    [
      ['seen', 'time'],
      ['firsts', 'map'],
      ['gone', undefined],
    ],
  );
  assert.equal(await dueTimeOf(store, filter, { seen: '2023-01-01T00:00:00.000Z' }, Date.now()), undefined);
});
