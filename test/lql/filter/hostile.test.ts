/** Whatever a filter's text holds, it is a filter or an INPUT_NOT_VALID: never an error of SQL, nor another meaning. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { runTrial } from '../../../client/filters/trial.ts';
import type { Trial, TrialResult } from '../../../client/filters/trial.ts';
import { openTestStore } from '../../harness/store.ts';

const { store, ...testStore } = await openTestStore();
after(() => testStore.close());

const now = '2026-06-15T12:00:00Z';
const tryOut = (
  filter: string,
  row: Trial['row'] = {},
  includes: Trial['includes'] = {},
): Promise<TrialResult> => runTrial(store, { filter, row, now, includes });

const hostile = [
  "'",
  "''; drop table profiles; --",
  '\\',
  "\\'",
  '$1',
  '$$',
  '$2::text',
  '%',
  '_',
  '/* */',
  '-- c',
  ';',
  '{"a":1}',
  '[a]',
  '😀',
  '\u202e',
  'é'.normalize('NFD'),
  '\u0001',
  'now-1d',
  'infinity',
  'NaN',
  '1e999',
  '٣',
  'x'.repeat(20_000),
  ') or true --',
];

/** A text in double quotes. A backslash at its end cannot be written, nor one beside a quote. */
const quoted = (text: string): string => `"${text}"`;

test('A text means itself, in every position', async () => {
  for (const text of hostile) {
    const row = { s: text, set: [text, 'other'], map: { [text]: 1 } };
    const canBeQuoted = !text.endsWith('\\') && !text.includes('"');
    const canBeName = !/[`\n]/.test(text);
    const filters = [
      ...(canBeQuoted
        ? [
            `s == ${quoted(text)}`,
            `s IN (${quoted(text)})`,
            `set INTERSECTS (${quoted(text)})`,
            `s CONTAINS ${quoted(text)}`,
            `set CONTAINS ${quoted(text)}`,
            `map IN (${quoted(text)})`,
            `${quoted(text)} IN set`,
            `NOT s != ${quoted(text)}`,
            `hasprefix(s, ${quoted(text)})`,
          ]
        : []),
      ...(canBeName ? [`map.\`${text}\` == 1`, `\`map\`.\`${text}\` > 0`, `INCLUDE \`${text}\``] : []),
    ];
    for (const filter of filters) {
      const result = await tryOut(`FILTER AND (${filter}, NOT other == 1) ALIAS x`, row, {
        [text]: 'FILTER EXISTS s',
      });
      assert.deepEqual(result, { ok: true, matched: true }, filter.slice(0, 200));
      assert.equal(
        (await tryOut(`FILTER ${filter}`, { s: 'a', set: ['a'], map: { a: 1 } })).matched ?? false,
        false,
        filter.slice(0, 200),
      );
    }
    if (canBeName)
      assert.deepEqual(
        await tryOut(`FILTER \`${text}\` == 5`, { [text]: 5 }),
        { ok: true, matched: true },
        text.slice(0, 50),
      );
  }
});

test('What PostgreSQL cannot hold is refused with its place, in the filter and in the row', async () => {
  for (const text of ['a\0b', 'a\ud800b']) {
    const inFilter = await tryOut(`FILTER OR (\n s == "${text}")`);
    assert.match(inFilter.message ?? '', /^filter, line 2, column 9: /);
    assert.equal((await tryOut('FILTER s == "a"', { s: text })).error, 'parse');
    assert.equal((await tryOut('FILTER s == "a"', { s: { [text]: [text] } })).error, 'parse');
  }
});

test('Any text at all is evaluated or refused', async () => {
  const words = fc.constantFrom(
    'FILTER',
    'AND',
    'OR',
    'NOT',
    '(',
    ')',
    ',',
    '==',
    '<',
    '!=',
    'IN',
    'LIKE',
    'CONTAINS',
    'BETWEEN',
    'INTERSECTS',
    'EXISTS',
    'INCLUDE',
    'IS',
    'NULL',
    'a',
    'b',
    's',
    'set',
    'map.k',
    'ts',
    '"x"',
    '"now-1M"',
    '"[z-a]*"',
    '"[a-"',
    '5',
    '5.5',
    '-',
    '+',
    '*',
    '/',
    '%',
    '0',
    '\n',
    'true',
    'len(s)',
    'now()',
    'FROM',
    'ALIAS',
    'LIMIT',
    'WITH',
    '`a`',
    '[',
    ']',
    '1e300',
    '9223372036854775807',
  );
  const row = { a: 5, b: true, s: 'text', set: ['x'], map: { k: 1.5 }, ts: { time: now } };
  await fc.assert(
    fc.asyncProperty(
      fc.array(words, { maxLength: 14 }),
      fc.string({ maxLength: 5, unit: 'binary' }),
      async (parts, odd) => {
        const result = await tryOut(`FILTER ${parts.join(' ')}${odd}`, row);
        assert.equal(result.ok, result.matched !== null);
      },
    ),
    { numRuns: 2_000 },
  );
});

test('300 conditions deep are evaluated; 100,000 are refused in clear words', async () => {
  const deep = (open: string, close: string, times: number): string =>
    `FILTER ${open.repeat(times)}a == 5${close.repeat(times)}`;
  const forms = [
    ['AND (a == 5, ', ')'],
    ['OR (a == 1, ', ')'],
    ['(', ')'],
    ['NOT NOT (', ')'],
    ['a == 5 AND (', ' OR a == 1)'],
  ] as const;
  for (const [open, close] of forms) {
    assert.deepEqual(await tryOut(deep(open, close, 300), { a: 5 }), { ok: true, matched: true }, open);
    assert.match(
      (await tryOut(deep(open, close, 100_000), { a: 5 })).message ?? '',
      /at most 100000 are read/,
    );
    assert.match((await tryOut(deep(open, close, 1_000), { a: 5 })).message ?? '', /more than 320 brackets/);
  }
  assert.deepEqual(await tryOut(deep('NOT ', '', 10_000), { a: 5 }), { ok: true, matched: true });
  assert.deepEqual(await tryOut(`FILTER ${'a == 5 AND '.repeat(1_500)}a == 5`, { a: 5 }), {
    ok: true,
    matched: true,
  });
  assert.deepEqual(await tryOut(`FILTER AND (${'a == 5 '.repeat(1_500)})`, { a: 5 }), {
    ok: true,
    matched: true,
  });
  assert.match(
    (await tryOut(`FILTER OR (${'a == 5,'.repeat(6_000)})`, { a: 5 })).message ?? '',
    /more than 5000 conditions/,
  );
  const sum = `FILTER ${'('.repeat(60)}a${' * 1e300)'.repeat(60)} > 1`;
  assert.equal((await tryOut(sum, { a: 5 })).error, 'parse');
});

test('An audience that includes itself is refused with the way it goes; many includes stay bounded', async () => {
  const circle = { a: 'FILTER OR (x == 1, INCLUDE b)', b: 'FILTER INCLUDE c', c: 'FILTER NOT INCLUDE a' };
  assert.equal(
    (await tryOut('FILTER INCLUDE b', {}, circle)).message,
    'filter: includes itself: b → c → a → b',
  );
  const doubling = Object.fromEntries(
    Array.from({ length: 40 }, (_, at) => [
      `n${at}`,
      `FILTER OR (INCLUDE n${at + 1}, x == 1, INCLUDE n${at + 1})`,
    ]),
  );
  const row = Object.fromEntries(
    Array.from({ length: 45 }, (_, at) => [
      `d${at}`,
      `FILTER ${'NOT ('.repeat(13)}INCLUDE d${at + 1}${')'.repeat(13)}`,
    ]),
  );
  assert.equal((await tryOut('FILTER INCLUDE d0', {}, { ...row, d45: 'FILTER *' })).ok, true);
  assert.match(
    (
      await tryOut(
        'FILTER INCLUDE d0',
        {},
        { ...row, d45: `FILTER ${'NOT ('.repeat(300)}x == 1${')'.repeat(300)}` },
      )
    ).message ?? '',
    /more than 700 conditions within/,
  );
  assert.match((await tryOut('FILTER INCLUDE n0', {}, doubling)).message ?? '', /more than 5000 conditions/);
});
