import assert from 'node:assert/strict';
import { test } from 'node:test';
import { overdueInWords, overdueTypes } from '../../jobs/overdue.ts';

const hour = 3_600_000;
const now = 100 * hour;
const files = (eventType: string, ...hoursAgo: readonly number[]) => ({
  accountId: '1234',
  eventType,
  writtenAtMs: hoursAgo.map((hours) => now - hours * hour),
});

test('a type whose newest file is more than twice as old as usual is told, with both', () => {
  const types = [
    files('CLICK', 20, 14, 26, 32),
    files('OPEN', 12, 18, 24, 30),
    files('SENT', 13, 19, 25, 31),
  ];
  assert.deepEqual(overdueTypes(types, now).map(overdueInWords), [
    'no CLICK file since 14 h (usual: 6 h)',
    'no SENT file since 13 h (usual: 6 h)',
  ]);
});

test('each account has a rhythm of its own, and is named where there are several', () => {
  const other = { ...files('CLICK', 1, 7, 13, 19), accountId: '777' };
  assert.deepEqual(overdueTypes([files('CLICK', 14, 20, 26, 32), other], now).map(overdueInWords), [
    'no CLICK file of the account 1234 since 14 h (usual: 6 h)',
  ]);
});

test('one long pause does not make the usual longer', () => {
  assert.deepEqual(overdueTypes([files('CLICK', 90, 5, 4, 3, 2.5)], now).map(overdueInWords), [
    'no CLICK file since 3 h (usual: 60 min)',
  ]);
});

test('of three files, of files that came at once, and of what is on time nothing is told', () => {
  const types = [
    files('CLICK', 90, 80, 70),
    files('OPEN', 90, 90, 90, 90),
    files('SENT', 4, 3, 2, 1),
    files('FAIL'),
  ];
  assert.deepEqual(overdueTypes(types, now), []);
});

test('minutes, hours and days are told as such', () => {
  const inWords = (minutes: number) =>
    overdueInWords({ accountId: null, eventType: 'X', sinceMs: minutes * 60_000, usualMs: 60_000 });
  assert.match(inWords(0.2), /since 1 min/);
  assert.match(inWords(89), /since 89 min/);
  assert.match(inWords(47 * 60), /since 47 h/);
  assert.match(inWords(72 * 60), /since 3 days/);
});
