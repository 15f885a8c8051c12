import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keepTally } from './tally.ts';

const event = (name: string, nesting: number, more: object = {}, type = 'test', failureType?: string) => ({
  name,
  nesting,
  file: '/a.test.ts',
  details: { type, ...(failureType === undefined ? {} : { error: { failureType } }) },
  ...more,
});

test('leaf tests are counted, suites and holders of tests are not', () => {
  const { tally, pass, fail } = keeper();
  pass(event('in a suite', 1));
  pass(event('suite', 0, {}, 'suite'));
  pass(event('a subtest', 1));
  fail(event('another', 1));
  fail(event('holds both', 0, {}, 'test', 'subtestsFailed'));
  pass(event('alone', 0));
  assert.deepEqual(tally, { passed: 3, failed: 1, skipped: [] });
});

test('a suite whose hook fails is a failure although it holds others', () => {
  const { tally, pass, fail } = keeper();
  pass(event('in a suite', 1));
  fail(event('suite', 0, {}, 'suite', 'hookFailed'));
  assert.deepEqual(tally, { passed: 1, failed: 1, skipped: [] });
});

test('files that run at the same time do not mix up each other’s nesting', () => {
  const { tally, pass } = keeper();
  pass(event('inner', 1));
  pass(event('a leaf of another file', 0, { file: '/b.test.ts' }));
  pass(event('outer', 0));
  assert.equal(tally.passed, 2);
});

test('a skipped test and a whole skipped suite are told with their reasons', () => {
  const { tally, pass, fail } = keeper();
  pass(event('one', 0, { skip: 'no gpg' }));
  pass(event('two', 0, { skip: '' }));
  pass(event('suite', 0, { skip: true }, 'suite'));
  fail(event('later', 0, { todo: 'not yet' }));
  const reasons = tally.skipped.map(({ reason }) => reason);
  assert.deepEqual(reasons, ['no gpg', 'no reason given', 'no reason given', 'not yet']);
  assert.deepEqual([tally.passed, tally.failed], [0, 0]);
});

function keeper() {
  const kept = keepTally();
  return {
    tally: kept.tally,
    pass: (given: ReturnType<typeof event>) => kept.pass(given),
    fail: (given: ReturnType<typeof event>) => kept.fail(given),
  };
}
