import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ApplicationFailure } from '@temporalio/common';
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { exportAudienceSchema } from '../../jobs/export-audience.ts';
import { reconfigureUpdate, statusQuery } from '../../jobs/messages.ts';
import { temporalEnvironment } from '../harness/temporal.ts';
import { untilSo } from '../harness/until.ts';
import { enter, members, running, steps } from './steps.ts';

let environment: TestWorkflowEnvironment;
before(async () => {
  ({ environment } = await temporalEnvironment());
});
after(() => environment.teardown());

const change = (backfill: boolean, batchSize: number) => ({
  configuration: exportAudienceSchema.parse({
    job: 'export-audience',
    authorization: 'A',
    label: 'L',
    audience: 'R',
    list: 'CONTACTS_LIST',
    matchColumn1: 'EMAIL_ADDRESS_',
    batchSize,
  }),
  from: 'before',
  to: 'after',
  backfill,
});

const until = (isSo: () => boolean | Promise<boolean>): Promise<void> => untilSo(isSo, { withinMs: 15_000 });
const untilFollowing = (job: WorkflowHandle): Promise<void> =>
  until(async () => {
    const { state, scanning } = await job.query(statusQuery);
    return state === 'running' && !scanning;
  });

test('a running job takes its new batch size, and scans again only where members have to be sent again', async () => {
  const { activities, batches, scans } = steps();
  await running(environment, activities, async (job) => {
    await untilFollowing(job);
    await enter(job, members(3));
    assert.equal(await job.executeUpdate(reconfigureUpdate, { args: [change(false, 3)] }), true);
    await until(() => batches.length === 1);
    assert.equal(scans(), 1);
    await job.executeUpdate(reconfigureUpdate, { args: [change(true, 3)] });
    await until(() => scans() === 2);
  });
});

test('what is refused leaves the job as it was: by the account, and what is no reconfiguration', async () => {
  const { activities, scans } = steps();
  const refusing = {
    ...activities,
    reconfigure: () =>
      Promise.reject(ApplicationFailure.nonRetryable('the table lacks tier.', 'CONFIGURATION_REFUSED')),
  };
  await running(environment, refusing, async (job) => {
    await untilFollowing(job);
    const failure = async (payload: unknown): Promise<string> => {
      const failed: unknown = await job
        .executeUpdate('reconfigure', { args: [payload] })
        .catch((e: unknown) => e);
      assert.ok(failed instanceof Error && failed.cause instanceof Error);
      return failed.cause.message;
    };
    assert.equal(await failure(change(true, 3)), 'the table lacks tier.');
    assert.match(
      await failure({ configuration: { batchSize: 0 } }),
      /no reconfiguration: use "jobs apply FILE"/,
    );
    assert.equal((await job.query(statusQuery)).state, 'running');
    assert.equal(scans(), 1);
  });
});
