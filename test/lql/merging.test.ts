/** Aggregates merge in any order and any grouping, through JSON too, and stay within their bounds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fieldLimits } from '../../jobs/limits.ts';
import { compileMapping } from '../../lql/mapping/mapping.ts';
import type { Aggregate } from '../../lql/mapping/mapping.ts';
import type { Row } from '../../lql/values.ts';

const mapping = compileMapping(`
  SELECT
    who AS who,
    text AS a_latest, text AS a_oldest MERGEOP oldest,
    count(text) AS a_count, sum(number) AS a_sum, sum(number) AS a_whole_sum KIND int,
    min(number) AS a_min, max(number) AS a_max, number AS a_latest_number KIND number,
    max(epochms()) AS a_last KIND date, flag AS a_bool KIND bool,
    text AS several, set(more) AS a_set, set(more) AS small CAPACITY 3,
    number AS several KIND string,
    set(epochms()) AS times KIND []time CAPACITY 2, set(more) AS a_whole MERGEOP latest,
    map(text, number) AS a_map KIND map[string]number, map(text, number) AS o_map KIND map[string]number MERGEOP oldestmap,
    map(text, number) AS low KIND map[string]number MERGEOP mapmin, map(text, number) AS high KIND map[string]int MERGEOP mapmax,
    map(text, number) AS sums KIND map[string]number MERGEOP sum CAPACITY 2,
    valuect(more) AS counts, valuect(text) AS few CAPACITY 2, map(text, epochms()) AS seen KIND map[string]time
  FROM stream INTO user BY who WHERE NOT text == "left out" ALIAS all_operators`);

interface Event {
  readonly row: Row;
  readonly atMs: number;
}

const word = fc.constantFrom('a', 'b', 'c', 'd', 'ä', '', '__proto__', 'constructor', 'left out', '10', '9');
const event: fc.Arbitrary<Event> = fc.record({
  row: fc.record({
    who: word,
    text: word,
    number: fc.oneof(
      fc.integer({ min: -999, max: 999 }),
      fc.constantFrom('0.1', '0.2', '-0.3', '7', 'x', '-0'),
    ),
    more: fc.array(word, { maxLength: 3 }),
    flag: fc.constantFrom('true', 'false', 'maybe'),
  }),
  atMs: fc.integer({ min: 0, max: 3 }),
});

function folded(events: readonly Event[]): Aggregate {
  const aggregate = mapping.newAggregate();
  for (const { row, atMs } of events) mapping.fold(aggregate, row, atMs);
  return aggregate;
}

const stored = (aggregate: Aggregate): Aggregate =>
  mapping.fromJson(
    JSON.parse(JSON.stringify(mapping.toJson(aggregate))) as ReturnType<typeof mapping.toJson>,
  );

const state = (aggregate: Aggregate): unknown => [mapping.toJson(aggregate), mapping.valuesOf(aggregate)];

test('Any order of events, cut into any chunks and merged in any order, gives the same profile', () => {
  const chunked = fc.array(fc.tuple(event, fc.nat(3), fc.nat(1_000)), { maxLength: 24 });
  fc.assert(
    fc.property(chunked, fc.boolean(), (drawn, keep) => {
      const whole = state(folded(drawn.map(([one]) => one)));
      const shuffled = drawn.toSorted(([, , one], [, , other]) => one - other);
      const parts = [0, 1, 2, 3].map((part) =>
        folded(shuffled.filter(([, of]) => of === part).map(([one]) => one)),
      );
      const [p = [], q = [], r = [], s = []] = keep ? parts : parts.map(stored);
      mapping.merge(s, q);
      mapping.merge(p, r);
      mapping.merge(s, p);
      assert.deepEqual(state(s), whole);
    }),
    { numRuns: 500 },
  );
});

test('The texts of an aggregate say what its fields and its JSON do, without what is hidden', () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 24 }), (events) => {
      const aggregate = folded(events);
      const { shown, kept } = mapping.textsOf(aggregate, 'a_latest');
      const { a_latest: hidden, ...fields } = mapping.valuesOf(aggregate);
      assert.deepEqual(JSON.parse(shown), JSON.parse(JSON.stringify(fields)));
      assert.equal(kept.includes('"a_latest":'), hidden !== undefined);
      assert.deepEqual(JSON.parse(kept), JSON.parse(JSON.stringify(mapping.toJson(aggregate))));
    }),
  );
});

test('A guard by event lets through what it would row by row, and a hash is a text’s own', () => {
  const guarded = compileMapping(`
    SELECT who AS who, count(who) AS a IF event == "a", count(who) AS b IF NOT event IN ("a", "b"),
      count(who) AS both IF event == "a" AND text == "a", count(who) AS none IF event > 3,
      set(hash(urlmain(text))) AS hashes
    FROM stream INTO user BY who ALIAS guards`);
  const rows = fc.array(fc.record({ event: fc.oneof(word, fc.constant(undefined)), text: word }));
  fc.assert(
    fc.property(rows, (drawn) => {
      const aggregate = guarded.newAggregate();
      for (const row of drawn) guarded.fold(aggregate, { who: 'x', ...row }, 0);
      const count = (holds: (row: (typeof drawn)[number]) => boolean): number | undefined =>
        drawn.filter(holds).length || undefined;
      const { a, b, both, none, hashes = [] } = guarded.valuesOf(aggregate);
      assert.equal(
        a,
        count(({ event: one }) => one === 'a'),
      );
      assert.equal(
        b,
        count(({ event: one }) => one !== 'a' && one !== 'b'),
      );
      assert.equal(
        both,
        count(({ event: one, text }) => one === 'a' && text === 'a'),
      );
      assert.equal(
        none,
        count(({ event: one }) => Number(one) > 3),
      );
      const texts = new Set(drawn.map(({ text }) => text).filter((text) => text !== ''));
      assert.equal(Object.keys(hashes).length, texts.size);
    }),
  );
});

test('At equal times the greater value wins, whichever came first', () => {
  const at = (text: string): Event => ({ row: { who: 'x', text }, atMs: 1 });
  for (const events of [
    [at('a'), at('b')],
    [at('b'), at('a')],
  ])
    assert.equal(mapping.valuesOf(folded(events))['a_latest'], 'b');
});

test('A set of more than its bounds keeps the same values whatever came first, and no giant one', () => {
  const urls = Array.from({ length: 5_000 }, (_, index) => `https://example.com/${(index * 7_919) % 5_000}`);
  const giant = 'x'.repeat(fieldLimits.textBytes + 1);
  const events = [...urls, giant].map((more): Event => ({ row: { more: [more] }, atMs: 0 }));
  const forward = mapping.valuesOf(folded(events));
  const backward = mapping.valuesOf(stored(folded(events.toReversed())));
  assert.deepEqual(forward, backward);
  assert.deepEqual(forward['a_set'], urls.toSorted().slice(0, fieldLimits.entries));
  assert.equal(Object.keys(forward['counts'] ?? {}).length, fieldLimits.entries);
});

test('No text that the store would refuse gets into a profile', () => {
  for (const text of ['a\0b', '\ud800']) {
    const values = mapping.valuesOf(folded([{ row: { who: 'x', text, more: [text] }, atMs: 0 }]));
    assert.deepEqual(values, {
      who: 'x',
      a_count: 1,
      a_last: '1970-01-01T00:00:00.000Z',
      times: ['1970-01-01T00:00:00.000Z'],
    });
  }
});

test('What another operator has gathered is taken as it is or not at all, never for something else', () => {
  fc.assert(
    fc.property(fc.array(event, { minLength: 1, maxLength: 12 }), (events) => {
      const written = mapping.toJson(folded(events));
      const formOf = (value: unknown): string =>
        Array.isArray(value) ? 'list' : value === undefined ? 'nothing' : typeof value;
      for (const { name } of mapping.fields)
        for (const [from, json] of Object.entries(written)) {
          const read = mapping.fromJson({ [name]: json });
          const shown = mapping.valuesOf(read)[name];
          const own = folded(events);
          const ownForm = formOf(mapping.valuesOf(own)[name]);
          mapping.merge(own, read);
          if (shown === undefined || ownForm === 'nothing' || from === name) continue;
          const form = formOf(mapping.valuesOf(own)[name]);
          const isCollection = (one: string): boolean => one === 'list' || one === 'object';
          assert.equal(
            isCollection(form) ? form : 'scalar',
            isCollection(ownForm) ? ownForm : 'scalar',
            `${name} from ${from}`,
          );
          assert.ok(
            form !== 'number' || Number.isFinite(mapping.valuesOf(own)[name]),
            `${name} from ${from}`,
          );
        }
    }),
    { numRuns: 10 },
  );
});
