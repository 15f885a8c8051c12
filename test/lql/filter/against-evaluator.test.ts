/** Random filters on random profiles: the SQL's answer is that of an evaluator which shares nothing with it. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from 'fast-check';
import type { Kind } from '../../../jobs/user-fields.ts';
import { compileFilter } from '../../../lql/filter/compile.ts';
import { compileRuleSets } from '../../../lql/filter/rule-set.ts';
import { fieldTypesOf } from '../../../lql/filter/field-types.ts';
import { evaluateFilter } from '../../../systems/store/filters.ts';
import { openTestStore } from '../../harness/store.ts';
import { evaluate } from './evaluator.ts';
import type { Literal, Node } from './evaluator.ts';

const { store, ...testStore } = await openTestStore();
after(() => testStore.close());

const nowMs = Date.parse('2026-06-15T12:00:00.500Z');
const kinds: ReadonlyMap<string, Kind> = new Map([
  ['name', 'string'],
  ['visits', 'int'],
  ['score', 'number'],
  ['active', 'bool'],
  ['seen', 'date'],
  ['tags', '[]string'],
  ['hits', 'map[string]int'],
  ['firsts', 'map[string]time'],
]);

const words = fc.constantFrom('', 'a', 'ab', 'b', '5', '5.5', 'true', 'x%_y', '$1,2', 'é😀', "it's", '1e2');
const iso = fc
  .integer({ min: -90, max: 90 })
  .map((hours) => new Date(nowMs + hours * 3_600_000).toISOString());
const stored = fc.oneof(
  words,
  fc.integer({ min: -3, max: 6 }),
  fc.constantFrom(5.5, 0.1, 1e21, nowMs),
  fc.boolean(),
  fc.constant(null),
  iso,
  fc.uniqueArray(words, { maxLength: 3 }),
  fc.dictionary(fc.constantFrom('a', 'b', 'k'), fc.oneof(fc.integer({ min: -2, max: 6 }), iso, words), {
    maxKeys: 2,
  }),
);
/** Mostly of its kind, and now and then of another, or null, or not there. */
const profile = fc.record(
  Object.fromEntries(
    Object.entries({
      name: words,
      visits: fc.integer({ min: -3, max: 6 }),
      score: fc.constantFrom(5.5, 5, -1, 0.1, '5.5'),
      active: fc.boolean(),
      seen: iso,
      tags: fc.uniqueArray(words, { maxLength: 3 }),
      hits: fc.dictionary(fc.constantFrom('a', 'b', 'k'), fc.integer({ min: -2, max: 6 }), { maxKeys: 2 }),
      firsts: fc.dictionary(fc.constantFrom('a', 'k'), iso, { maxKeys: 2 }),
      stray: stored,
    }).map(([field, ofKind]) => [field, fc.oneof({ weight: 4, arbitrary: ofKind as typeof stored }, stored)]),
  ),
  { requiredKeys: [] },
);

const field = fc.constantFrom(
  'name',
  'visits',
  'score',
  'active',
  'seen',
  'tags',
  'hits',
  'hits.a',
  'hits.k',
  'firsts.k',
  'stray',
  'name.k',
);
const number = fc.constantFrom(0, 5, 5.5, -2, 0.1, 4.9);
const literal: fc.Arbitrary<Literal> = fc.oneof(
  words,
  number,
  fc.boolean(),
  fc.record({ now: fc.integer({ min: -80, max: 80 }), unit: fc.constantFrom('h' as const, 'd' as const) }),
);
const { node } = fc.letrec<{ node: Node; leaf: Node }>((tie) => ({
  leaf: fc.oneof(
    fc.record({ op: fc.constantFrom('exists' as const, 'bare' as const), field }),
    fc.record({
      op: fc.constant('compare' as const),
      sign: fc.constantFrom('==', '!=', '<', '<=', '>', '>='),
      field,
      with: literal,
    }),
    fc.record({
      op: fc.constant('like' as const),
      field,
      with: fc.constantFrom('*', 'a*', '?', '*b', 'x%y', '%5%', '', 'é?'),
    }),
    fc.record({ op: fc.constant('contains' as const), field, with: words }),
    fc.record({
      op: fc.constant('in' as const),
      field,
      list: fc.array(fc.oneof(words, number), { maxLength: 3 }),
    }),
    fc.record({ op: fc.constant('between' as const), field, low: number, high: number }),
  ),
  node: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    tie('leaf'),
    fc.record({ op: fc.constant('not' as const), item: tie('node') }),
    fc.record({
      op: fc.constantFrom('and' as const, 'or' as const),
      form: fc.constantFrom('group' as const, 'infix' as const),
      items: fc.array(tie('node'), { minLength: 2, maxLength: 3 }),
    }),
  ),
}));

const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
function written(one: Literal): string {
  if (typeof one === 'object') return quoted(`now${one.now < 0 ? '' : '+'}${one.now}${one.unit}`);
  return typeof one === 'string' ? quoted(one) : String(one);
}

function textOf(one: Node): string {
  switch (one.op) {
    case 'and':
    case 'or': {
      const items = one.items.map(textOf);
      return one.form === 'group'
        ? `${one.op.toUpperCase()} (${items.join(', ')})`
        : `(${items.map((item) => `(${item})`).join(` ${one.op} `)})`;
    }
    case 'not':
      return `NOT (${textOf(one.item)})`;
    case 'exists':
      return `EXISTS ${one.field}`;
    case 'bare':
      return one.field;
    case 'compare':
      return `${one.field} ${one.sign} ${written(one.with)}`;
    case 'like':
    case 'contains':
      return `${one.field} ${one.op} ${quoted(one.with)}`;
    case 'in':
      return `${one.field} IN (${one.list.map(written).join(', ')})`;
    case 'between':
      return `${one.field} BETWEEN ${one.low} AND ${one.high}`;
  }
}

/** The numbers of the rules that hold for each profile. */
async function holding(
  filters: readonly string[],
  profiles: readonly object[],
): Promise<readonly (readonly number[])[]> {
  const [set] = compileRuleSets(
    filters.map((filter) => ({ filter })),
    { fieldTypes: fieldTypesOf(kinds), includes: () => undefined, firstParameter: 2 },
  );
  const { rows } = await store.query<{ held: number[] }>(
    `with given as (select id, fields, '{}'::text[] as lists
                      from unnest($1::jsonb[]) with ordinality as given (fields, id))
     select held from (${set?.text ?? ''}) as answers order by id`,
    [profiles.map((fields) => JSON.stringify(fields)), ...(set?.parametersAt(nowMs) ?? [])],
  );
  return rows.map(({ held }) => held);
}

test('SQL answers as the evaluator does, for nulls, wrong types, missing fields, sets, maps and dates', async () => {
  const seen = { true: 0, false: 0, undefined: 0 };
  await fc.assert(
    fc.asyncProperty(node, fc.array(profile, { minLength: 1, maxLength: 4 }), async (filter, profiles) => {
      const text = `FILTER ${textOf(filter)}`;
      const compiled = compileFilter(text, {
        fieldTypes: fieldTypesOf(kinds),
        includes: () => undefined,
        firstParameter: 2,
      });
      const expected = profiles.map((fields) => evaluate(filter, { fields, kinds, nowMs }));
      for (const [at, fields] of profiles.entries()) {
        seen[String(expected[at]) as keyof typeof seen]++;
        assert.equal(await evaluateFilter(store, compiled, fields, nowMs), expected[at], text);
      }
      const held = await holding([text, 'FILTER tags CONTAINS "a"', text], profiles);
      assert.deepEqual(
        held.map((rules) => rules.filter((rule) => rule !== 2)),
        expected.map((one) => (one === true ? [1, 3] : [])),
        `${text}, as one of several rules`,
      );
    }),
    { numRuns: 2_000 },
  );
  assert.ok(Math.min(...Object.values(seen)) > 200, JSON.stringify(seen));
});
