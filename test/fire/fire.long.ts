/**
 * The property of rule 1, under fire: whatever changes, fails and dies, in the end Responsys holds what is
 * true, without a closing scan, and the ledger adds up. 80 runs with a worker that lives, 20 with workers
 * that are killed at named points and a Temporal server that is restarted.
 *
 * `SEED=…` repeats a run that failed, `RUNS=…` makes another number of each kind.
 */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { runInProcess } from './in-process.ts';
import { openKilling } from './killed.ts';
import { points } from './points.ts';
import { beQuiet } from './quiet.ts';
import { seedsOf, severalAtOnce } from './seeds.ts';

beQuiet();

const isWhole = process.env['SEED'] === undefined && process.env['RUNS'] === undefined;

describe('random changes reach Responsys, with nothing stale left', { concurrency: true }, () => {
  test('while Responsys fails', { concurrency: 4 }, async (context) => {
    await Promise.all(seedsOf(80).map((seed) => context.test(`seed ${seed}`, () => runInProcess(seed))));
  });

  test('while workers are killed and the server is restarted', async (context) => {
    const killing = await openKilling();
    after(() => killing.close());
    const seeds = seedsOf(20);
    let ended = 0;
    await severalAtOnce(seeds, 5, async (seed, index) => {
      await context.test(`seed ${seed}`, () => killing.run(seed, index));
      ended += 1;
      if (ended % 7 === 3) await killing.restartTemporal();
    });
    context.diagnostic(`killed: ${JSON.stringify(Object.fromEntries(killing.reached))}`);
    context.diagnostic(`restarts of Temporal: ${killing.restarts()}`);
    if (isWhole)
      for (const point of points)
        assert.ok((killing.reached.get(point) ?? 0) >= 10, `killed too seldom: ${point}`);
  });
});
