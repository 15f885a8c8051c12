import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { openKeyer } from '../../../activities/importing/event-key.ts';
import { openOccurrences } from '../../../activities/importing/occurrences.ts';

const folder = mkdtempSync(join(tmpdir(), 'occurrences-'));
after(() => rmSync(folder, { recursive: true }));
const asidePath = join(folder, 'aside');

const columns = ['LIST_ID', 'RIID', 'EMAIL', 'CAMPAIGN_ID', 'LAUNCH_ID', 'OFFER_NUMBER', 'OFFER_URL'];
const click = ['5', '77', '', '900', '901', '3', 'http://x.example/a'];

function keysOf(names: readonly string[], rows: readonly (readonly string[])[], at = 1_000): string[] {
  const keyer = openKeyer('1234', 'CLICK', openOccurrences(asidePath));
  keyer.columns(names);
  return rows.map((values) => keyer.keyOf(values, at));
}

test('two equal rows of a file are two events; the same file again tells the same two', () => {
  const once = keysOf(columns, [click, click]);
  assert.equal(new Set(once).size, 2);
  assert.deepEqual(keysOf(columns, [click, click]), once);
});

test('the order of columns, their case and further columns make no other event', () => {
  const [key] = keysOf(columns, [click]);
  const turned = [...columns].reverse().map((name) => name.toLowerCase());
  assert.deepEqual(keysOf([...turned, 'browser'], [[...click.toReversed(), 'Firefox']]), [key]);
});

test('each of what tells events apart does, and who it was is the RIID before the e-mail', () => {
  const variants = columns.flatMap((name, index) => (name === 'EMAIL' ? [] : [click.with(index, 'another')]));
  const keys = keysOf(columns, [click, ...variants]);
  assert.equal(new Set(keys).size, variants.length + 1);
  assert.notEqual(keysOf(columns, [click], 2_000)[0], keys[0]);
  const [withMail] = keysOf(columns, [click.with(2, 'a@x.example')]);
  assert.equal(withMail, keys[0]);
  const [one, other] = keysOf(columns, [
    click.with(1, '').with(2, 'a@x.example'),
    click.with(1, '0').with(2, 'b@x.example'),
  ]);
  assert.notEqual(one, other);
});

test('an EVENT_UUID is the key, whatever else the row has', () => {
  const names = ['EVENT_UUID', ...columns];
  const [one, same, other] = keysOf(names, [
    ['u-1', ...click],
    ['U-1', ...click.with(1, '78')],
    ['u-2', ...click],
  ]);
  assert.equal(one, same);
  assert.notEqual(one, other);
});

test('rows about nobody are told apart by all that they hold', () => {
  const names = ['ACCOUNT_ID', 'CAMPAIGN_ID', 'CAMPAIGN_NAME'];
  const keys = keysOf(names, [
    ['1', '2', 'Spring'],
    ['1', '2', 'Summer'],
  ]);
  assert.equal(new Set(keys).size, 2);
  assert.equal(keysOf(['CAMPAIGN_NAME', 'ACCOUNT_ID', 'CAMPAIGN_ID'], [['Spring', '1', '2']])[0], keys[0]);
});

const keyOf = (pick: number): string => hash('sha256', String(pick), 'binary');

test('occurrences are counted as a Map would, beyond every growth of the table and all that are put aside', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 600, size: 'max' }),
      fc.constantFrom(16, 32, 1 << 21),
      (picks, most) => {
        const occurrences = openOccurrences(asidePath, most);
        const counted = new Map<number, number>();
        for (const pick of picks) {
          const times = (counted.get(pick) ?? 0) + 1;
          counted.set(pick, times);
          assert.equal(occurrences.count(keyOf(pick)), times);
        }
        occurrences.close();
      },
    ),
  );
});

test('what is in tables that are put aside is found again, and nobody can read it', () => {
  const occurrences = openOccurrences(asidePath, 1 << 12);
  const keys = Array.from({ length: 8_000 }, (_, pick) => keyOf(pick));
  for (const times of [1, 2, 3]) for (const key of keys) assert.equal(occurrences.count(key), times);
  occurrences.close();
  const aside = readFileSync(asidePath);
  for (const key of keys.slice(0, 100)) {
    // As the numbers of a table lie in memory.
    const bits = Buffer.from(key.slice(0, 8), 'latin1').swap32();
    assert.ok(!aside.includes(bits));
  }
});
