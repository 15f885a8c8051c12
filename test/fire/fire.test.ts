/** The short form of fire.long.ts: three runs of fixed seeds, with a worker that lives. */
import { test } from 'node:test';
import { runInProcess } from './in-process.ts';
import { beQuiet } from './quiet.ts';

beQuiet();

for (const seed of [1, 2, 3])
  test(`random changes under faults reach Responsys, with nothing stale left (seed ${seed})`, () =>
    runInProcess(seed));
