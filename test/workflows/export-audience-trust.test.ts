import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ApplicationFailure } from '@temporalio/common';
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import {
  approveUpdate,
  authorizationUpdatedSignal,
  backfillUpdate,
  flushUpdate,
  loginRefusedSignal,
  pauseUpdate,
  resumeUpdate,
  retryUpdate,
  statusQuery,
  stopUpdate,
} from '../../jobs/messages.ts';
import type { ExportState } from '../../jobs/messages.ts';
import { temporalEnvironment } from '../harness/temporal.ts';
import { untilSo } from '../harness/until.ts';
import { enter, members, running, steps } from './steps.ts';

let environment: TestWorkflowEnvironment;

before(async () => {
  ({ environment } = await temporalEnvironment());
});
after(() => environment.teardown());

const until = (isSo: () => boolean | Promise<boolean>): Promise<void> => untilSo(isSo, { withinMs: 30_000 });

const untilState = (job: WorkflowHandle, state: ExportState): Promise<void> =>
  until(async () => {
    const status = await job.query(statusQuery);
    return status.state === state && !status.scanning;
  });

const refused = ApplicationFailure.nonRetryable('Responsys refused the login', 'AUTHORIZATION_REFUSED');
const unavailable = ApplicationFailure.nonRetryable('Responsys could not merge', 'SERVICE_UNAVAILABLE');

test('a refused login parks an idle job; an update of the authorization, and no older refusal, moves it on', async () => {
  const { activities, batches, states } = steps((batch) => (batch === 0 ? refused : undefined));
  await running(environment, activities, async (job) => {
    await untilState(job, 'running');
    await job.signal(loginRefusedSignal, { version: 1, reason: 'Responsys refused the login' });
    await untilState(job, 'parked');
    assert.equal((await job.query(statusQuery)).reason, 'Responsys refused the login');
    await job.signal(authorizationUpdatedSignal, { version: 2 });
    await untilState(job, 'running');
    // Told late, of a version that is no longer in use.
    await job.signal(loginRefusedSignal, { version: 1, reason: 'Responsys refused the login' });
    const ids = members(1);
    await enter(job, ids);
    assert.equal((await job.query(statusQuery)).state, 'running');
    await job.executeUpdate(flushUpdate);
    await untilState(job, 'parked');
    assert.equal((await job.query(statusQuery)).queued, 1);
    await job.signal(authorizationUpdatedSignal, { version: 3 });
    await until(() => batches.length > 0);
    assert.deepEqual(
      batches.map((batch) => batch.members),
      [ids],
    );
    assert.deepEqual(states, ['parked', 'running', 'parked', 'running']);
  });
});

test('an update of the authorization moves on no job that waits for another reason', async () => {
  const { activities } = steps();
  await running(environment, activities, async (job) => {
    await untilState(job, 'running');
    await job.executeUpdate(pauseUpdate);
    await job.signal(authorizationUpdatedSignal, { version: 2 });
    assert.equal((await job.query(statusQuery)).state, 'paused');
    await job.executeUpdate(resumeUpdate);
    await untilState(job, 'running');
  });
});

test('while Responsys does not serve, the job waits with its queue and goes on by itself', async () => {
  let down = true;
  let asked = 0;
  const { activities, batches, states } = steps(() => (down ? unavailable : undefined));
  const serves = (): Promise<void> => {
    asked += 1;
    return asked < 2 ? Promise.reject(new Error('still down')) : Promise.resolve();
  };
  await running(environment, { ...activities, responsysServes: serves }, async (job) => {
    await untilState(job, 'running');
    const ids = members(3);
    await enter(job, ids.slice(0, 2));
    await job.executeUpdate(flushUpdate);
    await untilState(job, 'waiting');
    await enter(job, ids.slice(2));
    const status = await job.query(statusQuery);
    assert.equal(status.reason, 'Responsys could not merge');
    down = false;
    await until(() => batches.length > 0);
    assert.deepEqual(
      batches.map((batch) => batch.members),
      [ids],
    );
    assert.equal(asked, 2);
    assert.deepEqual(states, ['waiting', 'running']);
  });
});

test('a job that waits goes on, however many signals fill its runs meanwhile', async () => {
  let down = true;
  const { activities, batches } = steps(() => (down ? unavailable : undefined));
  const work = async (job: WorkflowHandle): Promise<void> => {
    await untilState(job, 'running');
    const ids = members(1);
    await enter(job, ids);
    await job.executeUpdate(flushUpdate);
    await untilState(job, 'waiting');
    down = false;
    // A run is full after two and a half seconds; the first wait lasts five.
    const entering = async (): Promise<boolean> => {
      const [id = ''] = members(1);
      ids.push(id);
      await enter(job, [id]);
      return batches.length > 0;
    };
    await untilSo(entering, { withinMs: 20_000, everyMs: 500 });
    await until(() => batches.flatMap((batch) => batch.members).length === ids.length);
    assert.deepEqual(batches.flatMap((batch) => batch.members).toSorted(), ids.toSorted());
  };
  await running(environment, activities, work, { signalsPerRun: 5, flushIntervalMs: 300 });
});

test('a job that waits for Responsys can be paused, and stopped', async () => {
  const { activities, states } = steps(() => unavailable);
  const never = (): Promise<void> => Promise.reject(new Error('still down'));
  await running(environment, { ...activities, responsysServes: never }, async (job) => {
    await untilState(job, 'running');
    await enter(job, members(2));
    await job.executeUpdate(flushUpdate);
    await untilState(job, 'waiting');
    await job.executeUpdate(pauseUpdate);
    await untilState(job, 'paused');
    await job.executeUpdate(stopUpdate);
    assert.deepEqual(await job.result(), { left: 2, reason: 'Stopped.' });
    assert.deepEqual(states, ['waiting', 'paused', 'stopped']);
  });
});

test('a scan that Responsys does not serve goes on where it was', async () => {
  const { activities, scans, states } = steps();
  let walks = 0;
  const walk = (): Promise<void> => (++walks === 1 ? Promise.reject(unavailable) : Promise.resolve());
  await running(environment, { ...activities, scanAudience: walk }, async (job) => {
    await until(() => walks === 2);
    await untilState(job, 'running');
    assert.equal(scans(), 2);
    assert.deepEqual(states, ['waiting', 'running']);
  });
});

test('a canary sends the first members and holds everything else until it is approved', async () => {
  const { activities, batches, states } = steps();
  const upTo: (number | null)[] = [];
  const walk = (_: string, __: string, position: number | null): Promise<void> => {
    upTo.push(position);
    return Promise.resolve();
  };
  await running(
    environment,
    { ...activities, scanAudience: walk },
    async (job) => {
      await untilState(job, 'approval');
      assert.match((await job.query(statusQuery)).reason, /2 were accepted, 1 rejected \(bad-email 1\)/);
      await enter(job, members(200));
      await until(async () => (await job.query(statusQuery)).queued === 200);
      assert.equal(batches.length, 0);
      await assert.rejects(job.executeUpdate(backfillUpdate), (error: Error) =>
        String(error.cause).includes('waiting for approval; "approve" it first'),
      );
      await job.executeUpdate(approveUpdate);
      await until(() => batches.length === 1);
      await untilState(job, 'running');
      assert.deepEqual(upTo, [3, null]);
      assert.deepEqual(states, ['approval', 'running']);
    },
    { canary: 3 },
  );
});

test('too many rejected in a live batch parks the job; resume goes on', async () => {
  const { activities, batches, states } = steps();
  const send: typeof activities.sendBatch = async (jobId, some) => ({
    ...(await activities.sendBatch(jobId, some)),
    tooManyRejected: batches.length === 1 ? '150 of the last 200 members were rejected' : null,
  });
  await running(environment, { ...activities, sendBatch: send }, async (job) => {
    await untilState(job, 'running');
    await enter(job, members(200));
    await untilState(job, 'parked');
    assert.equal((await job.query(statusQuery)).reason, '150 of the last 200 members were rejected');
    await enter(job, members(200));
    await job.executeUpdate(resumeUpdate);
    await until(() => batches.length === 2);
    assert.deepEqual(states, ['parked', 'running']);
  });
});

test('retry walks the rejected members, of the reason that was named', async () => {
  const { activities } = steps();
  const reasons: unknown[] = [];
  const begin: typeof activities.beginRetry = (_, retry) => {
    reasons.push(retry);
    return Promise.resolve({ scanId: 'retry', total: 5 });
  };
  await running(environment, { ...activities, beginRetry: begin }, async (job) => {
    await untilState(job, 'running');
    await job.executeUpdate(retryUpdate, { args: [{ reason: 'bad-email' }] });
    await until(() => reasons.length === 1);
    await untilState(job, 'running');
    await job.executeUpdate(retryUpdate, { args: [{}] });
    await until(() => reasons.length === 2);
    assert.deepEqual(reasons, [{ reason: 'bad-email' }, {}]);
  });
});
