import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { openKeyer } from '../../../activities/importing/event-key.ts';
import { openOccurrences } from '../../../activities/importing/occurrences.ts';

const columns = ['LIST_ID', 'RIID', 'EMAIL', 'CAMPAIGN_ID', 'LAUNCH_ID', 'OFFER_NUMBER', 'OFFER_URL'];
const click = ['5', '77', '', '900', '901', '3', 'http://x.example/a'];

function keysOf(names: readonly string[], rows: readonly (readonly string[])[], at = 1_000): string[] {
  const keyer = openKeyer('1234', 'CLICK');
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

test('occurrences are counted as a Map would, beyond every growth of the table', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 400 }), (picks) => {
      const occurrences = openOccurrences(16);
      const counted = new Map<number, number>();
      for (const pick of picks) {
        const key = hash('sha256', String(pick));
        counted.set(pick, (counted.get(pick) ?? 0) + 1);
        assert.equal(occurrences.count(key), counted.get(pick));
      }
    }),
  );
});
