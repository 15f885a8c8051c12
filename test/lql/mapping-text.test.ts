/** Texts of mappings: what is understood, what is refused and where, and that no text does worse than that. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ExpectedError } from '../../jobs/errors.ts';
import { defaultMappingText } from '../../lql/default-mapping.ts';
import { evaluateExpression } from '../../lql/mapping/evaluate.ts';
import { compileMapping } from '../../lql/mapping/mapping.ts';

const mappingOf = (columns: string): string =>
  `SELECT id AS who,\n  ${columns}\nFROM stream INTO user BY who ALIAS test`;

const faults: readonly (readonly [text: string, message: RegExp])[] = [
  ['', /line 1, column 1: SELECT is expected, not the end of the text/],
  ['SELECT id AS who FROM stream', /line 1, column 29: .*INTO/],
  ['SELECT id AS who FROM s INTO user BY email', /line 1, column 38: BY names email, which no column makes/],
  [mappingOf('nosuch(a) AS b'), /line 2, column 3: nosuch\(\) is no function here; there are count, /],
  [mappingOf('email() AS b'), /line 2, column 3: email\(\) has 0 argument\(s\); it takes 1/],
  [mappingOf('a AS b KIND colour'), /line 2, column 15: colour is no kind; there are string, /],
  [
    mappingOf('a AS b KIND int MERGEOP merge'),
    /line 2, column 27: merge does not merge int; what does is latest, /,
  ],
  [
    mappingOf('a AS b MERGEOP max'),
    /line 2, column 8: b is merged by max, which string has no order or sum for/,
  ],
  [
    mappingOf('a AS b KIND int, count(a) AS b'),
    /line 2, column 32: b is int, merged by sum, .* but above it is int, merged by latest/,
  ],
  [mappingOf('set(a) AS b CAPACITY 0'), /line 2, column 24: CAPACITY is a whole number from 1 to 1000/],
  [mappingOf('a AS b CAPACITY 5'), /CAPACITY is for sets and maps/],
  [mappingOf('count(a) AS who'), /who is int, merged by sum/],
  [mappingOf('a AS "b"'), /line 2, column 8: /],
  [mappingOf('"never closed AS b'), /line 2, column 3: " is never closed/],
  [mappingOf('a $ b'), /line 2, column 5: "\$" is not understood here/],
  [
    mappingOf('set(a) AS ids KIND []string').replace('BY who', 'BY ids'),
    /BY names ids, which is \[\]string; an identity is a string/,
  ],
  [mappingOf(`${'email('.repeat(200)}a${')'.repeat(200)} AS b`), /more than 100 brackets within one another/],
  ['x'.repeat(1_000_001), /has 1000001 characters; at most 1000000 are read/],
];

test('What is wrong is told with line, column and what would be right', () => {
  for (const [text, message] of faults)
    assert.throws(
      () => compileMapping(text),
      (error: unknown) =>
        error instanceof ExpectedError && error.code === 'INPUT_NOT_VALID' && message.test(error.message),
      `${text.slice(0, 200)} → ${message}`,
    );
});

test('Keywords have any letter case; comments, quoted names, texts in either quotes and a last semicolon are read', () => {
  const mapping = compileMapping(`
    select \`first name\` as name shortdesc "It's ""his"" name" kind String, -- comment
      id As who If Not (event = 'a' Or event <> "b") And Exists(id) /* another */,
      // and one more
      a aS \`select\` iF event Not In ('x', "y") KIND Map[String]Int
    from \`my stream\` into user by who where id != "" alias x;`);
  assert.equal(mapping.stream, 'my stream');
  assert.equal(mapping.alias, 'x');
  assert.deepEqual(
    mapping.fields.map(({ name, kind, description }) => [name, kind, description]),
    [
      ['name', 'string', 'It\'s "his" name'],
      ['who', 'string', undefined],
      ['select', 'map[string]int', undefined],
    ],
  );
  assert.deepEqual(mapping.identitiesOf({ id: '7', event: 'b' }, 0), [{ field: 'who', value: '7' }]);
  assert.deepEqual(mapping.identitiesOf({ id: '7', event: 'a' }, 0), []);
  assert.deepEqual(mapping.identitiesOf({ event: 'b' }, 0), []);
});

test('A value that is none of its kind writes nothing', () => {
  const mapping = compileMapping(
    mappingOf(`n AS i KIND int, n AS f KIND number, n AS d KIND date, n AS t KIND bool, set(n) AS s, n AS x`),
  );
  const after = (n: unknown): unknown => {
    const aggregate = mapping.newAggregate();
    mapping.fold(aggregate, { n }, 0);
    return mapping.valuesOf(aggregate);
  };
  assert.deepEqual(after('15-NOV-2024 13:05:22'), {
    d: '2024-11-15T13:05:22.000Z',
    s: ['15-NOV-2024 13:05:22'],
    x: '15-NOV-2024 13:05:22',
  });
  assert.deepEqual(after('30-Feb-2024'), { s: ['30-Feb-2024'], x: '30-Feb-2024' });
  assert.deepEqual(after('9007199254740993'), {
    i: '9007199254740993',
    f: 9007199254740992,
    s: ['9007199254740993'],
    x: '9007199254740993',
  });
  assert.deepEqual(after(' 7.9 '), { i: 7, f: 7.9, s: [' 7.9 '], x: ' 7.9 ' });
  for (const n of [undefined, null, '', [], {}]) assert.deepEqual(after(n), {}, JSON.stringify(n));
});

const parts = fc.constantFrom(
  ...defaultMappingText.split(/\b/).filter((part) => part.trim() !== ''),
  '(',
  ')',
  ',',
  '"',
  "'",
  '`',
  '--',
  '/*',
  '\\',
  '\0',
  '\ud800',
  '😀',
  '==',
  'NOT',
  'IN',
  'EXISTS',
  '1e999',
  '-0',
  ';',
);
const hostile = fc.oneof(
  fc.array(parts, { maxLength: 60 }).map((words) => words.join(' ')),
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc
    .tuple(fc.nat(defaultMappingText.length), fc.nat(40), fc.string({ maxLength: 5 }))
    .map(([at, gone, put]) => defaultMappingText.slice(0, at) + put + defaultMappingText.slice(at + gone)),
);

test('Hostile text ends in a mapping or in a message with its place, never in anything else', () => {
  const deep = [
    'NOT '.repeat(50_000) + 'a',
    '('.repeat(50_000),
    'email('.repeat(300),
    `a OR `.repeat(20_000) + 'a',
  ];
  for (const text of deep) onlyExpected(() => evaluateExpression(text, { a: 'b' }, '2024-11-15'));
  fc.assert(
    fc.property(hostile, fc.anything(), (text, value) => {
      onlyExpected(() => compileMapping(text));
      onlyExpected(() => evaluateExpression(text, { event: value }, '2024-11-15'));
    }),
    { numRuns: 300 },
  );
});

test('Functions of texts take any text', () => {
  const names = ['email', 'emaildomain', 'urlmain', 'hash', 'todate', 'hourofday', 'toint', 'valuect', 'set'];
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc
      .array(
        fc.constantFrom(
          '"',
          '<',
          '>',
          '(',
          ')',
          '@',
          '.',
          'a',
          ':',
          '//',
          '%',
          '%4',
          '%41',
          '[',
          ']',
          '?',
          '#',
          ' ',
          '\\',
        ),
      )
      .map((all) => all.join('')),
  );
  fc.assert(
    fc.property(fc.constantFrom(...names), text, (name, value) => {
      evaluateExpression(`${name}(v)`, { v: value }, '2024-11-15');
    }),
    { numRuns: 5_000 },
  );
  for (const value of [
    '('.repeat(100_000),
    `${'<'.repeat(100_000)}@`,
    `${'a.'.repeat(50_000)}@b`,
    'http://' + '%41'.repeat(100_000),
  ])
    evaluateExpression('email(v)', { v: value }, '2024-11-15');
});

function onlyExpected(run: () => unknown): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof ExpectedError)) throw error;
    assert.match(error.message, /^mapping(?:, line \d+, column \d+)?: /);
  }
}
