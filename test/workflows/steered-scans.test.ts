/** A scan hears at once what its job is told, whatever else the job is doing, and goes on from where it stands. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { cancellationSignal, heartbeat } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { exportAudienceSchema } from '../../jobs/export-audience.ts';
import {
  flushUpdate,
  pauseUpdate,
  reconfigureUpdate,
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

const until = (isSo: () => boolean | Promise<boolean>, what: string): Promise<void> =>
  untilSo(isSo, { withinMs: 15_000, what });

/** A scan that goes on until it is asked to end. */
function endlessScan(endsWith: () => Error | undefined = () => undefined) {
  const scan = { walks: 0, ended: 0 };
  const scanAudience = async (): Promise<void> => {
    scan.walks += 1;
    while (!cancellationSignal().aborted) {
      heartbeat();
      await wait(20);
    }
    scan.ended += 1;
    const failure = endsWith();
    if (failure !== undefined) throw failure;
    cancellationSignal().throwIfAborted();
  };
  return { scan, scanAudience };
}

const change = {
  configuration: exportAudienceSchema.parse({
    ...{ job: 'export-audience', authorization: 'A', label: 'L', audience: 'R', list: 'CONTACTS_LIST' },
    matchColumn1: 'EMAIL_ADDRESS_',
  }),
  from: 'before',
  to: 'after',
  backfill: false,
};
const reconfigure = (job: WorkflowHandle) => job.executeUpdate(reconfigureUpdate, { args: [change] });

test('a pause and a stop reach the scan while a live batch is under way', async () => {
  const { activities, states } = steps();
  const { scan, scanAudience } = endlessScan();
  const sending = Promise.withResolvers<undefined>();
  const answered = Promise.withResolvers<undefined>();
  const sendBatch: typeof activities.sendBatch = async (jobId, ids) => {
    sending.resolve(undefined);
    await answered.promise;
    return activities.sendBatch(jobId, ids);
  };
  await running(environment, { ...activities, scanAudience, sendBatch }, async (job) => {
    try {
      await until(() => scan.walks === 1, 'the scan begins');
      await enter(job, members(3));
      await job.executeUpdate(flushUpdate);
      await sending.promise;
      await job.executeUpdate(pauseUpdate);
      await until(() => scan.ended === 1, 'the scan pauses');
      assert.equal(states.at(-1), 'paused');
      await job.executeUpdate(resumeUpdate);
      await until(() => scan.walks === 2, 'the scan goes on');
      assert.equal(states.at(-1), 'running');
      await job.executeUpdate(stopUpdate);
      await until(() => scan.ended === 2, 'the scan stops');
      await until(async () => !(await job.query(statusQuery)).scanning, 'the scan has ended');
      answered.resolve(undefined);
      const ended = Promise.race([job.result(), wait(10_000, undefined, { ref: false })]);
      assert.deepEqual(await ended, { left: 0, reason: 'Stopped.' });
    } finally {
      answered.resolve(undefined);
    }
  });
});

test('a scan that is under way, or waits for its next attempt, begins anew with a changed configuration', async () => {
  const { activities, scans } = steps();
  const { scan, scanAudience } = endlessScan();
  const tomorrow = () =>
    ApplicationFailure.create({ type: 'MAILS_OF_DAY_USED', message: 'tomorrow', nextRetryDelay: '1 day' });
  const scanOrWait = async (): Promise<void> => {
    if (scan.walks !== 1) return scanAudience();
    scan.walks += 1;
    throw tomorrow();
  };
  await running(environment, { ...activities, scanAudience: scanOrWait }, async (job) => {
    await until(() => scan.walks === 1, 'the scan begins');
    await reconfigure(job);
    await until(() => scan.walks === 2, 'it begins anew, and then waits');
    await wait(500);
    await reconfigure(job);
    await until(() => scan.walks === 3, 'it waits no more');
    assert.equal(scans(), 1, 'it is the same scan');
    const { state, scanning } = await job.query(statusQuery);
    assert.deepEqual({ state, scanning }, { state: 'running', scanning: true });
  });
});

test('a scan that fails as it is asked to end, in a way that is tried again, parks nothing', async () => {
  const { activities } = steps();
  const { scan, scanAudience } = endlessScan(() =>
    ApplicationFailure.create({ type: 'WORKER_STOPS', message: 'This worker stops.' }),
  );
  await running(environment, { ...activities, scanAudience }, async (job) => {
    await until(() => scan.walks === 1, 'the scan begins');
    await job.executeUpdate(pauseUpdate);
    await until(() => scan.ended === 1, 'the scan pauses');
    await wait(1_000);
    const { state, scanning } = await job.query(statusQuery);
    assert.deepEqual({ state, scanning }, { state: 'paused', scanning: true });
    await job.executeUpdate(resumeUpdate);
    await until(() => scan.walks === 2, 'the scan goes on');
  });
});
