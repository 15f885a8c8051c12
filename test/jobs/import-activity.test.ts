import assert from 'node:assert/strict';
import { test } from 'node:test';
import { importActivitySchema } from '../../jobs/import-activity.ts';

const least = { job: 'import-activity', authorization: 'Files', label: 'Events' };

test('a job of the three fields that are needed has the specification’s defaults', () => {
  const job = importActivitySchema.parse(least);
  assert.deepEqual(
    [job.customDelimiter, job.accountIds, job.interval, job.stableFor, job.afterSuccess, job.timeZone],
    [',', [], 600_000, 60_000, 'leave', 'UTC'],
  );
});

test('what is given is read', () => {
  const job = importActivitySchema.parse({
    ...least,
    accountIds: [1234, '00777'],
    customDelimiter: '\\t',
    interval: '1h',
    afterSuccess: 'move done/2026',
    marker: '.ok',
    startDate: '2026-01-31',
    timeZone: 'America/New_York',
  });
  assert.deepEqual(job.accountIds, ['1234', '00777']);
  assert.equal(job.customDelimiter, '\t');
  assert.deepEqual(job.afterSuccess, { move: 'done/2026' });
});

const faults: readonly (readonly [field: string, value: unknown, words: RegExp])[] = [
  ['accountIds', ['CLICK'], /"CLICK" is no account id/],
  ['customDelimiter', '"', /has a quote or a line end/],
  ['customDelimiter', '', /is empty/],
  ['interval', '10', /"10" is no duration/],
  ['parallelFiles', 17, /16/],
  ['marker', '*/x', /is no ending of a file such as \.ready/],
  ['afterSuccess', 'move', /is none of leave, delete, move FOLDER/],
  ['timeZone', 'Berlin', /"Berlin" is no time zone/],
  ['startDate', '31.01.2026', /is no date such as 2026-01-31/],
  ['startDate', '2026-13-31', /is no day of the calendar/],
  ['startDate', '2026-02-31', /"2026-02-31" is no day of the calendar/],
];
for (const [field, value, words] of faults)
  test(`${field} ${JSON.stringify(value)} is told with its name, its value and what would be right`, () => {
    const { error } = importActivitySchema.safeParse({ ...least, [field]: value });
    const [issue] = error?.issues ?? [];
    assert.equal(issue?.path[0], field);
    assert.match(issue.message, words);
  });
