/** What a file of people gives, line by line, and what each fault of it costs. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { ExpectedError } from '../../../jobs/errors.ts';
import type { Kind } from '../../../jobs/user-fields.ts';
import { openPeopleFile } from '../../../client/people/file.ts';
import type { FileForm } from '../../../client/people/file.ts';

const folder = mkdtempSync(join(tmpdir(), 'lytics-responsys-test-'));
after(() => {
  rmSync(folder, { recursive: true, force: true });
});

let files = 0;
function write(content: string | Buffer): string {
  files += 1;
  const path = join(folder, `${files}.txt`);
  writeFileSync(path, content);
  return path;
}

/** Each line as `[line, fields]` or `[line, reason]`. */
async function read(
  content: string | Buffer,
  form: Partial<FileForm> = {},
  known: ReadonlyMap<string, Kind> = new Map(),
): Promise<unknown[]> {
  const found: unknown[] = [];
  const { lines } = await openPeopleFile(write(content), { delimiter: ',', ...form }, known);
  for await (const { line, person } of lines)
    found.push([line, 'reason' in person ? person.reason : person.profile.fields]);
  return found;
}

test('A CSV file: mark, CRLF, quotes with delimiters and line breaks, kinds, blanks, no last line end', async () => {
  const csv =
    '\uFEFF"E-Mail", First Name ,score:int,joined:date,vip:bool\r\n' +
    ' Ann@Example.COM ,"A, ""n""\r\nn",7,2024-02-29,yes\r\n' +
    '\r\n' +
    'bob@example.com,,,,\r\n' +
    'cy@example.com,Zoë,-1,2024-01-01T10:00:00+02:00,0';
  assert.deepEqual(await read(csv, { named: new Map([['E-Mail', 'email']]) }), [
    [
      2,
      {
        email: 'ann@example.com',
        first_name: 'A, "n"\nn',
        score: 7,
        joined: '2024-02-29T00:00:00.000Z',
        vip: true,
      },
    ],
    [5, { email: 'bob@example.com' }],
    [
      6,
      {
        email: 'cy@example.com',
        first_name: 'Zoë',
        score: -1,
        joined: '2024-01-01T08:00:00.000Z',
        vip: false,
      },
    ],
  ]);
});

test('JSON lines: names as in a header, kinds by the values, separators within a text', async () => {
  const lines = [
    { Email: 'ann@example.com', 'Loyalty Tier': 'gold', score: 1.5, tags: ['a', 'b'], seen: null, n: 3 },
    { email: 'bob@example.com', note: 'one\u2028two', map: { a: 1 } },
  ];
  assert.deepEqual(await read(lines.map((line) => JSON.stringify(line)).join('\n')), [
    [1, { email: 'ann@example.com', loyalty_tier: 'gold', score: 1.5, tags: ['a', 'b'], n: 3 }],
    [2, { email: 'bob@example.com', note: 'one\u2028two', map: { a: '1' } }],
  ]);
});

const good = 'ok@example.com,1';
for (const [fault, line, reason] of [
  ['too few cells', 'a@b', 'the line has 1 cells, the header 2'],
  ['too many cells', 'a@b,1,2', 'the line has 3 cells, the header 2'],
  ['a quote within a cell', 'a@b,5"', 'a quote is opened and never closed'],
  ['text after a closing quote', '"a@b"x,1', 'a quote stands where none can be'],
  ['a quote that is never closed', 'a@b,"1', 'a quote is opened and never closed'],
  ['a value of another kind', 'a@b,one', 'score: the value is no int'],
  ['an address without @', 'nobody,1', 'email: an address needs one @ with something on both sides'],
  ['an address with two @', 'a@b@c,1', 'email: an address needs one @ with something on both sides'],
  [
    'an address with a control character',
    'a\u0007@b,1',
    'email: an address needs one @ with something on both sides',
  ],
  ['no identifier', 'null,1', 'no identifier: one of email, customer_id, rs_user_id is needed'],
  ['an identifier of 257 bytes', `${'a'.repeat(255)}@b,1`, 'email: an identifier has at most 256 bytes'],
  ['a NUL', 'a\0@b,1', 'email: the text has a NUL character'],
  ['another encoding', Buffer.from('m\u00FCller@b,1', 'latin1'), 'email: the text is not UTF-8'],
  ['a line of more than 1 MB', `a@b,${'1'.repeat(1_100_000)}`, 'the line is longer than 1 MB'],
] as const) {
  test(`A CSV line with ${fault} is set aside, and no other line`, async () => {
    const content = Buffer.concat([
      Buffer.from(`email,score:int\n${good}\n`),
      Buffer.from(line),
      Buffer.from(`\n${good}\n${good}\n`),
    ]);
    const ok = { email: 'ok@example.com', score: 1 };
    assert.deepEqual(await read(content), [
      [2, ok],
      [3, reason],
      [4, ok],
      [5, ok],
    ]);
  });
}

for (const [fault, line, reason] of [
  ['no JSON', '{"email":', 'the line is no JSON'],
  ['no object', '[1]', 'the line is no JSON object'],
  ['another kind than before', '{"email":"a@b","n":"x"}', 'n: the value is no int'],
  ['a NUL deep within', '{"email":"a@b","m":{"k":"\\u0000"}}', 'm: the text has a NUL character'],
  ['half a surrogate pair', '{"email":"a@b","s":"\\ud800"}', 's: the text is not UTF-8'],
  ['objects in a list', '{"email":"a@b","l":[{}]}', 'l: the value is no []string'],
  ['a number too great', '{"email":"a@b","n":1e400}', 'n: the value is no int'],
] as const) {
  test(`A JSON line with ${fault} is set aside, and no other line`, async () => {
    const ok = '{"email":"ok@example.com","n":1}';
    assert.deepEqual(await read(`${ok}\n${line}\n${ok}\n`), [
      [1, { email: 'ok@example.com', n: 1 }],
      [2, reason],
      [3, { email: 'ok@example.com', n: 1 }],
    ]);
  });
}

for (const [fault, content, form, message] of [
  ['is empty', ' \n', {}, /is empty/],
  ['has a header alone', 'email\r\n', {}, /has a header and no line after it/],
  ['has no identifier', 'name,city\nx,y\n', {}, /none of email, customer_id, rs_user_id/],
  ['has another delimiter', 'email;name\na@b;x\n', {}, /delimiter is not "," but ";"/],
  ['names a field twice', 'email,Name,name\na@b,x,y\n', {}, /names "name" twice/],
  ['has a nameless column', 'email,\na@b,x\n', {}, /cell 2 of the header has no name/],
  ['is one JSON array', '[{"email":"a@b"}]', {}, /one JSON array/],
  ['is read with two characters as delimiter', 'email\na@b\n', { delimiter: '||' }, /expected one character/],
] as const) {
  test(`A file that ${fault} is refused in the reader's words`, async () => {
    await assert.rejects(
      read(content, form),
      (error) =>
        error instanceof ExpectedError && error.code === 'INPUT_NOT_VALID' && message.test(error.message),
    );
  });
}

test('A file that is not there, and a folder, are refused', async () => {
  for (const path of [join(folder, 'none.csv'), folder])
    await assert.rejects(openPeopleFile(path, { delimiter: ',' }, new Map()), ExpectedError);
});

test('Whatever cells hold, a CSV that quotes them is read as it was written', async () => {
  const cell = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', ' ', 'é', "'"), maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(fc.array(cell, { minLength: 1, maxLength: 8 }), async (cells) => {
      const csv = cells.map((one, index) => `p${index}@example.com,"${one.replaceAll('"', '""')}"`);
      const found = await read(`email,text\n${csv.join('\n')}\n`);
      assert.deepEqual(
        found.map((one) => (one as [number, Record<string, unknown>])[1]),
        cells.map((one, index) => ({
          email: `p${index}@example.com`,
          ...(one.trim() === '' ? {} : { text: one.trim() }),
        })),
      );
    }),
    { numRuns: 60 },
  );
});
