import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ApplicationFailure } from '@temporalio/common';
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import {
  backfillUpdate,
  enterSignal,
  flushUpdate,
  pauseUpdate,
  resumeUpdate,
  statusQuery,
  stopUpdate,
} from '../../jobs/messages.ts';
import { temporalEnvironment } from '../harness/temporal.ts';
import { untilSo } from '../harness/until.ts';
import { enter, members, running, steps } from './steps.ts';

let environment: TestWorkflowEnvironment;

before(async () => {
  ({ environment } = await temporalEnvironment());
});
after(() => environment.teardown());

/** The check and the first scan are done. */
const untilFollowing = (job: WorkflowHandle): Promise<void> =>
  until(async () => {
    const { state, scanning } = await job.query(statusQuery);
    return state === 'running' && !scanning;
  });

/** Waits until it is so; a test that waits for ever fails by its own name. */
const until = (isSo: () => boolean | Promise<boolean>, withinMs = 15_000): Promise<void> =>
  untilSo(isSo, { withinMs });

test('a signal of another shape is counted and harms nothing', async () => {
  const { activities, batches } = steps();
  await running(environment, activities, async (job) => {
    await untilFollowing(job);
    const [id] = members(1) as [string];
    await job.signal('enter', 'joe');
    await job.signal('exit', { members: ['joe@example.com', id] });
    await job.signal('enter');
    const status = await job.query(statusQuery);
    assert.equal(status.refusedItems, 3);
    assert.equal(status.queued, 1);
    await job.executeUpdate(flushUpdate);
    await until(() => batches.length > 0);
    assert.deepEqual(
      batches.map((batch) => batch.members),
      [[id]],
    );
  });
});

test('paused, nothing is sent and nothing is lost; resumed, what is due goes', async () => {
  const { activities, batches, states } = steps();
  await running(environment, activities, async (job) => {
    await untilFollowing(job);
    await job.executeUpdate(pauseUpdate);
    await assert.rejects(job.executeUpdate(flushUpdate), (error: Error) =>
      String(error.cause).includes('resume it first'),
    );
    await enter(job, members(250));
    await until(async () => (await job.query(statusQuery)).queued === 250);
    assert.equal(batches.length, 0);
    await job.executeUpdate(resumeUpdate);
    await until(async () => (await job.query(statusQuery)).queued === 50);
    assert.deepEqual(
      batches.map((batch) => batch.members.length),
      [200],
    );
    assert.deepEqual(states, ['paused', 'running']);
  });
});

test('what only a person can mend parks the job with its batch; resume sends it', async () => {
  const refused = ApplicationFailure.nonRetryable('Responsys refused the login', 'AUTHORIZATION_REFUSED');
  const { activities, batches, states } = steps((batch) => (batch === 0 ? refused : undefined));
  await running(environment, activities, async (job) => {
    await untilFollowing(job);
    const ids = members(2);
    await enter(job, ids);
    await job.executeUpdate(flushUpdate);
    await until(async () => (await job.query(statusQuery)).state === 'parked');
    const status = await job.query(statusQuery);
    assert.equal(status.state, 'parked');
    assert.equal(status.reason, 'Responsys refused the login');
    assert.equal(status.queued, 2);
    await job.executeUpdate(resumeUpdate);
    await until(() => batches.length > 0);
    assert.deepEqual(
      batches.map((batch) => batch.members),
      [ids],
    );
    assert.deepEqual(states, ['parked', 'running']);
  });
});

test('backfill scans again; stop ends and says what is left', async () => {
  const { activities, scans, states } = steps();
  await running(environment, activities, async (job) => {
    await untilFollowing(job);
    assert.equal(scans(), 1);
    await job.executeUpdate(backfillUpdate);
    await until(() => scans() === 2);
    await enter(job, members(3));
    await job.executeUpdate(stopUpdate);
    assert.deepEqual(await job.result(), { left: 3, reason: 'Stopped.' });
    assert.deepEqual(states, ['stopped']);
  });
});

test('a thousand signals continue the job as new, with the queue', async () => {
  const { activities } = steps();
  await running(environment, activities, async (job) => {
    await untilFollowing(job);
    const { runId: firstRunId } = await job.describe();
    const ids = members(150);
    for (let round = 0; round < 7; round++)
      await Promise.all(ids.map((id) => job.signal(enterSignal, { members: [id] })));
    await until(async () => (await job.describe()).runId !== firstRunId);
    assert.equal((await job.query(statusQuery)).queued, 150);
  });
});

test('while a batch waits for its minute, what is shown goes on', async () => {
  const sent = Promise.withResolvers<undefined>();
  const { activities } = steps();
  let isSending = false;
  let shown = 0;
  const waiting: typeof activities = {
    ...activities,
    sendBatch: async (jobId, ids) => {
      isSending = true;
      await sent.promise;
      isSending = false;
      return activities.sendBatch(jobId, ids);
    },
    readProgress: (jobId) => {
      if (isSending) shown += 1;
      return activities.readProgress(jobId);
    },
  };
  await running(environment, waiting, async (job) => {
    await untilFollowing(job);
    await enter(job, members(1));
    await job.executeUpdate(flushUpdate);
    await until(() => shown > 0, 60_000);
    sent.resolve(undefined);
    await until(async () => (await job.query(statusQuery)).queued === 0 && !isSending);
  });
});
