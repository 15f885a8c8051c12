/** The same as fuzz.test.ts, for longer: `SEED=7` repeats a run, `INPUTS=1000` makes fewer. */
import { test } from 'node:test';
import { unlessMissing } from '../../harness/programs.ts';
import { runFuzz } from './fuzz/run-fuzz.ts';

const inputs = Number(process.env['INPUTS'] ?? 100_000);

test(`${inputs} damaged and made-up files: each is read or refused`, unlessMissing('gpg', 'zip'), (t) =>
  runFuzz(t, inputs),
);
