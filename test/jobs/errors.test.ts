import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { errorKinds } from '../../jobs/errors.ts';

test('the documentation has every error as it is, and no other', () => {
  const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');
  const documented = page
    .split('\n')
    .filter((line) => /^\| [A-Z]/.test(line))
    .map((line) => line.replace(/\s*\|\s*/g, '|').replace(/^\||\|$/g, ''));
  const known = Object.entries(errorKinds).map(([code, { meaning, retried, remedy, exit }]) =>
    [code, meaning, retried ? 'yes' : 'no', remedy, exit].join('|'),
  );
  assert.deepEqual(documented, known);
});
