import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { enterSignal, exitSignal, statusQuery } from '../../jobs/messages.ts';
import { timeSkipping } from '../harness/temporal.ts';
import { members, running, steps } from './steps.ts';

let environment: TestWorkflowEnvironment;

// A server for each test: a job that is ended in the midst of a task would hold the next one's clock.
beforeEach(async () => {
  environment = await timeSkipping();
});
afterEach(() => environment.teardown());

/**
 * Waits, in real time, until the job has taken in what it was sent and has nothing under way: this server
 * refuses a workflow task during which a signal arrives or its clock is skipped, and the clock waits for no worker.
 */
async function untilIdle(job: WorkflowHandle, queued: number): Promise<void> {
  for (let look = 0; look < 600; look++) {
    const status = await job.query(statusQuery);
    const { raw } = await job.describe();
    const pending = raw.pendingWorkflowTask != null || (raw.pendingActivities?.length ?? 0) > 0;
    if (status.state === 'running' && !status.scanning && status.queued === queued && !pending) return;
    await wait(25);
  }
  assert.fail(`the job did not come to rest with ${queued} queued`);
}

/** Lets members enter, one signal after the other, each taken in before the next. */
async function enterCalmly(job: WorkflowHandle, ids: readonly string[], queued: number): Promise<void> {
  let taken = queued - ids.length;
  for (let from = 0; from < ids.length; from += 100) {
    const some = ids.slice(from, from + 100);
    await job.signal(enterSignal, { members: some });
    taken += some.length;
    await untilIdle(job, taken);
  }
}

async function untilSent(batches: readonly unknown[]): Promise<void> {
  for (let look = 0; look < 600 && batches.length === 0; look++) await wait(25);
}

test('three members leave ten minutes after the first of them entered, to the second', async () => {
  const { activities, batches } = steps();
  await running(environment, activities, async (job) => {
    await untilIdle(job, 0);
    // No multiple of anything that the job itself waits for.
    await environment.sleep('67s');
    await untilIdle(job, 0);
    const startedMs = await environment.currentTimeMs();
    const [first, second, third] = members(3) as [string, string, string];
    await enterCalmly(job, [first], 1);
    await environment.sleep('4m');
    await untilIdle(job, 1);
    await enterCalmly(job, [second], 2);
    await environment.sleep('358s');
    await untilIdle(job, 2);
    await enterCalmly(job, [third], 3);
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
    await untilIdle(job, 0);
    // No multiple of anything that the job itself waits for.
    await environment.sleep('67s');
    await untilIdle(job, 0);
    const ids = members(201);
    await enterCalmly(job, ids.slice(0, 199), 199);
    await environment.sleep('1m');
    await untilIdle(job, 199);
    assert.equal(batches.length, 0);
    const fullMs = await environment.currentTimeMs();
    await job.signal(enterSignal, { members: ids.slice(199) });
    await untilSent(batches);
    assert.deepEqual(
      batches.map((batch) => batch.members.length),
      [200],
    );
    const afterMs = (batches[0]?.atMs ?? 0) - fullMs;
    assert.ok(afterMs >= 0 && afterMs < 1_000, `left after ${afterMs} ms`);
    assert.equal((await job.query(statusQuery)).queued, 1);
  });
});

test('enter, exit and enter inside the window leave one row', async () => {
  const { activities, batches } = steps();
  await running(environment, activities, async (job) => {
    const [id] = members(1) as [string];
    await untilIdle(job, 0);
    for (const change of [enterSignal, exitSignal, enterSignal]) {
      await job.signal(change, { members: [id] });
      await untilIdle(job, 1);
    }
    await environment.sleep('11m');
    await untilSent(batches);
    assert.deepEqual(
      batches.map((batch) => batch.members),
      [[id]],
    );
  });
});
