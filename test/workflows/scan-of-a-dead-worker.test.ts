/** A scan that is paused while its worker dies goes on when the job is resumed. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { heartbeat } from '@temporalio/activity';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { pauseUpdate, resumeUpdate, statusQuery } from '../../jobs/messages.ts';
import { temporalEnvironment } from '../harness/temporal.ts';
import { running, steps } from './steps.ts';

let environment: TestWorkflowEnvironment;

before(async () => {
  ({ environment } = await temporalEnvironment());
});
after(() => environment.teardown());

test('a scan whose worker dies while it is paused parks nothing, and goes on', async () => {
  const { activities } = steps();
  const dead = Promise.withResolvers<undefined>();
  const begun = Promise.withResolvers<undefined>();
  let walks = 0;
  const scanAudience = async (): Promise<void> => {
    walks += 1;
    if (walks > 1) return;
    heartbeat();
    begun.resolve(undefined);
    // Neither a beat nor an answer: to the server this worker is dead.
    await dead.promise;
  };
  await running(environment, { ...activities, scanAudience }, async (job) => {
    try {
      await begun.promise;
      await job.executeUpdate(pauseUpdate);
      await job.executeUpdate(resumeUpdate);
      for (let look = 0; look < 600 && walks < 2; look++) await wait(100);
      assert.equal(walks, 2, 'the scan went on');
      const ended = async (): Promise<boolean> => !(await job.query(statusQuery)).scanning;
      for (let look = 0; look < 100 && !(await ended()); look++) await wait(100);
      const { state, reason, scanning } = await job.query(statusQuery);
      assert.deepEqual({ state, reason, scanning }, { state: 'running', reason: '', scanning: false });
    } finally {
      dead.resolve(undefined);
    }
  });
});
