import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { enterSignal, exitSignal, statusQuery } from '../../jobs/messages.ts';
import { timeSkipping } from '../harness/temporal.ts';
import { enter, members, running, steps } from './steps.ts';

let environment: TestWorkflowEnvironment;

// A server for each test: a job that is ended in the midst of a task would hold the next one's clock.
beforeEach(async () => {
  environment = await timeSkipping();
});
afterEach(() => environment.teardown());

/** The skipped clock does not wait for the worker: what is due by it is still sent in real time. */
async function untilSent(batches: readonly unknown[]): Promise<void> {
  for (let look = 0; look < 300 && batches.length === 0; look++) await wait(50);
}

test('three members leave ten minutes after the first of them entered, to the second', async () => {
  const { activities, batches } = steps();
  await running(environment, activities, async (job) => {
    // No multiple of anything that the job itself waits for.
    await environment.sleep('67s');
    const startedMs = await environment.currentTimeMs();
    const [first, second, third] = members(3) as [string, string, string];
    await enter(job, [first]);
    await environment.sleep('4m');
    await enter(job, [second]);
    await environment.sleep('358s');
    await enter(job, [third]);
    assert.equal(batches.length, 0);
    await environment.sleep('10s');
    await untilSent(batches);
    assert.deepEqual(
      batches.map((batch) => batch.members),
      [[first, second, third]],
    );
    const afterMs = (batches[0]?.atMs ?? 0) - startedMs;
    assert.ok(afterMs >= 600_000 && afterMs < 601_000, `left after ${afterMs} ms`);
  });
});

test('the two hundredth member sends the batch at once', async () => {
  const { activities, batches } = steps();
  await running(environment, activities, async (job) => {
    // No multiple of anything that the job itself waits for.
    await environment.sleep('67s');
    const startedMs = await environment.currentTimeMs();
    const ids = members(201);
    await enter(job, ids.slice(0, 199));
    await environment.sleep('1m');
    assert.equal(batches.length, 0);
    await enter(job, ids.slice(199));
    await untilSent(batches);
    assert.deepEqual(
      batches.map((batch) => batch.members.length),
      [200],
    );
    const afterMs = (batches[0]?.atMs ?? 0) - startedMs;
    assert.ok(afterMs >= 60_000 && afterMs < 61_000, `left after ${afterMs} ms`);
    assert.equal((await job.query(statusQuery)).queued, 1);
  });
});

test('enter, exit and enter inside the window leave one row', async () => {
  const { activities, batches } = steps();
  await running(environment, activities, async (job) => {
    const [id] = members(1) as [string];
    await job.signal(enterSignal, { members: [id] });
    await job.signal(exitSignal, { members: [id] });
    await job.signal(enterSignal, { members: [id] });
    await environment.sleep('11m');
    await untilSent(batches);
    assert.deepEqual(
      batches.map((batch) => batch.members),
      [[id]],
    );
  });
});
