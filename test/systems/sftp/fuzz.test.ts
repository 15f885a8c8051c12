/** The same inputs each time; the long form tries others. */
import { test } from 'node:test';
import { unlessMissing } from '../../harness/programs.ts';
import { runFuzz } from './fuzz/run-fuzz.ts';

test(
  '2,000 damaged and made-up files: each is read or refused, none crashes or hangs',
  unlessMissing('gpg', 'zip'),
  (t) => runFuzz(t, 2_000, 1),
);
