/** `audiences test` and `audiences check`, as processes on a database of their own. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { openStore } from '../../systems/store/database.ts';
import { addUserFields } from '../../systems/store/user-fields.ts';
import { freshDatabase } from '../harness/postgres.ts';

const folder = mkdtempSync(join(tmpdir(), 'lytics-responsys-test-'));
const database = await freshDatabase();
const store = await openStore(database.url);
await addUserFields(
  store,
  new Map([
    ['seen', 'date'],
    ['hits', 'map[string]int'],
  ]),
);
after(async () => {
  await store.end();
  await database.drop();
  rmSync(folder, { recursive: true, force: true });
});

async function run(args: readonly string[], stdin = ''): Promise<{ code: number; out: string; err: string }> {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, '../../client/main.ts'), 'audiences', ...args],
    {
      env: {
        ...process.env,
        LYTICS_RESPONSYS_DATABASE_URL: database.url,
        LYTICS_RESPONSYS_KEY: randomBytes(32).toString('base64'),
      },
      stdio: 'pipe',
    },
  );
  child.stdin.end(stdin);
  const [[code], out, err] = await Promise.all([
    once(child, 'exit') as Promise<[number | null]>,
    text(child.stdout),
    text(child.stderr),
  ]);
  return { code: code ?? -1, out, err };
}

test('JSON lines from standard input are answered line by line; a line that is none is named', async () => {
  const lines = [
    { filter: 'FILTER seen > "now-1d"', row: { seen: { time_offset_s: -60 } }, now: '2026-06-15T12:00:00Z' },
    { filter: 'FILTER INCLUDE grown', row: { age: 5 }, includes: { grown: 'FILTER age >= 18' } },
    { filter: 'FILTER age > "old"', row: { age: 5 } },
    { filter: 'FILTER age >', row: {} },
  ].map((line) => JSON.stringify(line));
  const { code, out, err } = await run(['test'], `${lines.join('\n')}\nnonsense\n`);
  assert.deepEqual(
    out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown),
    [
      { ok: true, matched: true },
      { ok: true, matched: false },
      { ok: false, matched: null, error: 'eval', message: 'the filter cannot be evaluated on this row' },
      {
        ok: false,
        matched: null,
        error: 'parse',
        message:
          'filter, line 1, column 13: one of "text" number TRUE FALSE NULL name `name` EXISTS ( is expected, not the end of the text',
      },
    ],
  );
  assert.equal(code, 2);
  assert.match(err, /line 5: is not JSON/);
});

test('A rule is checked: its fields, its faults with their places, and what is hardly meant', async () => {
  const rule = join(folder, 'rule.filterql');
  writeFileSync(rule, 'FILTER AND (\n  seen > "now-30d"\n  hits.a > 2\n  gone == 1\n  INCLUDE others\n)');
  const others = join(folder, 'others.filterql');
  writeFileSync(others, 'FILTER shout(hits.b) == "B"');
  const { code, out } = await run(['check', rule, '--include', `others=${others}`, '--json']);
  assert.equal(code, 0);
  const checked = JSON.parse(out) as { fields: unknown; isTimed: unknown; remarks: readonly string[] };
  assert.deepEqual(checked.fields, [
    { name: 'seen', kind: 'date' },
    { name: 'hits', kind: 'map[string]int' },
    { name: 'gone', kind: null },
  ]);
  assert.equal(checked.isTimed, true);
  assert.equal(checked.remarks[0], 'line 4, column 3: there is no field gone');
  assert.match(checked.remarks[1] ?? '', /^in others, line 1, column 8: there is no function shout/);
  writeFileSync(rule, 'FILTER AND (\n  seen >\n)');
  const wrong = await run(['check', rule]);
  assert.equal(wrong.code, 2);
  assert.match(wrong.err, /filter, line 3, column 1: .* is expected, not "\)"/);
});

test('One filter is tried on one row', async () => {
  const { out } = await run(['test', 'FILTER hits.a > 2', '--row', '{"hits": {"a": 3}}']);
  assert.equal(out.trim(), 'It matches: a member.');
  assert.equal((await run(['test', 'FILTER *'])).code, 2);
});
