/**
 * Somebody asks a workflow whose worker has just died, and something happens to it meanwhile: the next worker takes
 * that up when it is told to, not when it is asked, and the run replays.
 */
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { Worker } from '@temporalio/worker';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { beQuiet } from '../fire/quiet.ts';
import { temporalEnvironment } from '../harness/temporal.ts';
import { workflowSources } from '../../workers/workflow-sources.ts';
import { calledQuery, calledSignal, waitForCall } from './early/index.ts';

beQuiet();

const workflowsPath = new URL('early/index.ts', import.meta.url).pathname;
/** How long Temporal waits for a worker that may be dead, with a query as with a task. */
const stickyMs = 2_000;
/** A task that comes so much later than the query is still waited for when another worker has the query. */
const laterMs = 1_000;

let environment: TestWorkflowEnvironment, address: string, namespace: string;
before(async () => {
  ({ environment, address, namespace } = await temporalEnvironment());
});
after(() => environment.teardown());

test('what happens to a workflow before it is asked is taken up at its own time, and the run replays', async () => {
  const { client, nativeConnection: connection } = environment;
  const taskQueue = randomUUID();
  const dying = fork(
    new URL('early/worker.ts', import.meta.url),
    [address, namespace, taskQueue, `${stickyMs}`],
    { stdio: 'ignore' },
  );
  const workflowId = randomUUID();
  const run = await client.workflow.start(waitForCall, { workflowId, taskQueue });
  assert.equal(await run.query(calledQuery), false);
  const worker = await Worker.create({
    ...{ connection, namespace, taskQueue, workflowsPath },
    interceptors: { workflowModules: workflowSources.workflowInterceptorModules },
  });
  await worker.runUntil(async () => {
    const died = once(dying, 'exit');
    dying.kill('SIGKILL');
    await died;
    const asked = run.query(calledQuery).then(String, String);
    await wait(laterMs);
    await run.signal(calledSignal);
    assert.match(await asked, /not taken up yet: ask again in a few seconds/);
    assert.ok((await run.result()) >= laterMs, 'it hears of the call when it came');
    assert.equal(await run.query(calledQuery), true);
  });
  await Worker.runReplayHistory({ workflowsPath }, await run.fetchHistory());
});
