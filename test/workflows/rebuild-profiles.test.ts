/** A rebuild that is cancelled: one of all is left, one that takes a file back ends all the same. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { Context } from '@temporalio/activity';
import { WorkflowFailedError } from '@temporalio/client';
import { CancelledFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import type { RebuildActivities } from '../../activities/rebuild-profiles.ts';
import { rebuildProfiles } from '../../workflows/index.ts';
import { temporalEnvironment } from '../harness/temporal.ts';

let environment: TestWorkflowEnvironment;
before(async () => {
  ({ environment } = await temporalEnvironment());
});
after(() => environment.teardown());

async function cancelled(file: string | undefined) {
  const asked: string[] = [];
  const building = Promise.withResolvers<undefined>();
  const built = Promise.withResolvers<undefined>();
  const activities: RebuildActivities = {
    beginRebuild: (_, path) => {
      asked.push(`begin ${path ?? 'all'}`);
      return Promise.resolve(1);
    },
    rebuildProfiles: async () => {
      const beating = setInterval(() => Context.current().heartbeat(), 200);
      building.resolve(undefined);
      try {
        await Promise.race([built.promise, Context.current().cancelled]);
      } finally {
        clearInterval(beating);
      }
      return { built: 2, changed: 1 };
    },
    abandonRebuild: () => {
      asked.push('abandon');
      return Promise.resolve();
    },
  };
  const taskQueue = randomUUID();
  const worker = await Worker.create({
    connection: environment.nativeConnection,
    namespace: environment.namespace ?? 'default',
    taskQueue,
    workflowsPath: new URL('../../workflows/index.ts', import.meta.url).pathname,
    activities: { ...activities },
    maxHeartbeatThrottleInterval: '200ms',
  });
  const result = await worker.runUntil(async () => {
    const handle = await environment.client.workflow.start(rebuildProfiles, {
      workflowId: `rebuild-${taskQueue}`,
      taskQueue,
      args: [{ jobId: 'job', file }],
    });
    await building.promise;
    await handle.cancel();
    if (file !== undefined) built.resolve(undefined);
    return handle.result().catch((error: unknown) => error);
  });
  return { asked, result };
}

test('cancelled, a rebuild of all is left, and folding goes on', async () => {
  const { asked, result } = await cancelled(undefined);
  assert.deepEqual(asked, ['begin all', 'abandon']);
  assert.ok(result instanceof WorkflowFailedError && result.cause instanceof CancelledFailure);
});

test('cancelled, one that takes a file back goes on to its end', async () => {
  const { asked, result } = await cancelled('a.txt');
  assert.deepEqual([asked, result], [['begin a.txt'], { built: 2, changed: 1 }]);
});
