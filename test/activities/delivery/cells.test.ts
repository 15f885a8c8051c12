import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cellOf } from '../../../activities/delivery/cells.ts';
import { isOptedOut } from '../../../activities/delivery/consent.ts';

test('each kind is written as Responsys reads it', () => {
  assert.deepEqual(cellOf('Ann', 'string', 'STR500'), { text: 'Ann' });
  assert.deepEqual(cellOf(true, 'bool', 'INTEGER'), { text: '1' });
  assert.deepEqual(cellOf(7, 'int', 'INTEGER'), { text: '7' });
  assert.deepEqual(cellOf(7.5, 'number', 'NUMBER'), { text: '7.5' });
  assert.deepEqual(cellOf('2026-01-31T10:00:00+02:00', 'date', 'TIMESTAMP'), {
    text: '2026-01-31T08:00:00.000Z',
  });
  assert.deepEqual(cellOf(['a', 'b'], '[]string', 'STR4000'), { text: '["a","b"]' });
});

test('a value that does not fit is left out with its fault, never cut', () => {
  assert.deepEqual(cellOf('x'.repeat(501), 'string', 'STR500'), { fault: 'too-long' });
  assert.deepEqual(cellOf('x'.repeat(500), 'string', 'STR500'), { text: 'x'.repeat(500) });
  assert.deepEqual(cellOf('seven', 'int', 'INTEGER'), { fault: 'not-a-number' });
  assert.deepEqual(cellOf('soon', 'date', 'TIMESTAMP'), { fault: 'not-a-date' });
});

test('an opt-out holds until a later opt-in; a complaint holds for ever', () => {
  const day = (number: number): string => `2026-01-0${number}T00:00:00Z`;
  assert.equal(isOptedOut({}), false);
  assert.equal(isOptedOut({ email_last_opt_out_ts: day(1) }), true);
  assert.equal(isOptedOut({ email_last_opt_out_ts: day(1), email_last_opt_in_ts: day(2) }), false);
  assert.equal(isOptedOut({ email_last_opt_out_ts: day(2), email_last_opt_in_ts: day(2) }), true);
  assert.equal(isOptedOut({ email_last_opt_out_ts: 'no date', email_last_opt_in_ts: day(2) }), true);
  assert.equal(isOptedOut({ email_complaint_ct: 1, email_last_opt_in_ts: day(2) }), true);
});
