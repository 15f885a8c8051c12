import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { afterEach, before, beforeEach, test } from 'node:test';
import { Context } from '@temporalio/activity';
import type { WorkflowHandle } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker, bundleWorkflowCode } from '@temporalio/worker';
import type { WorkflowBundleWithSourceMap } from '@temporalio/worker';
import type { ExportActivities } from '../../activities/export-audience.ts';
import { exportAudienceWorkflowId } from '../../jobs/job-id.ts';
import {
  backfillUpdate,
  enterSignal,
  exitSignal,
  flushUpdate,
  pauseUpdate,
  resumeUpdate,
  statusQuery,
  stopUpdate,
} from '../../jobs/messages.ts';
import { readEnvironment } from '../../systems/environment.ts';
import { findTemporalBinary } from '../../workers/embedded/temporal-binaries.ts';
import { searchAttributes } from '../../jobs/search-attributes.ts';
import { addSearchAttributes } from '../../workers/search-attributes.ts';
import { exportAudience } from '../../workflows/index.ts';

let path: string;
let bundle: WorkflowBundleWithSourceMap;
let environment: TestWorkflowEnvironment;

before(async () => {
  path = await findTemporalBinary('temporal-test-server', readEnvironment());
  bundle = await bundleWorkflowCode({ workflowsPath: new URL('../../workflows/index.ts', import.meta.url).pathname });
});

// A server for each test: a job that ends in the midst of a task would hold the next one's clock.
beforeEach(async () => {
  environment = await TestWorkflowEnvironment.createTimeSkipping({ server: { executable: { type: 'existing-path', path } } });
  // This server cannot list them, and so cannot be asked which are there.
  await addSearchAttributes(environment.connection, environment.namespace ?? 'default', searchAttributes);
});
afterEach(() => environment.teardown());

interface Batch {
  readonly members: readonly string[];
  /** By the server's clock. */
  readonly atMs: number;
}

/** Steps that reach nothing: they say when they were asked for, and for whom. */
function steps(fails: (batch: number) => Error | undefined = () => undefined) {
  const batches: Batch[] = [];
  const states: string[] = [];
  let scans = 0;
  let asked = 0;
  const counts = { accepted: 0, rejected: 0, 'not-in-list': 0 };
  const activities: ExportActivities = {
    checkConfiguration: () => Promise.resolve({ warnings: [] }),
    beginScan: () => Promise.resolve({ scanId: `scan-${++scans}`, total: 0 }),
    scanAudience: () => Promise.resolve(),
    abandonScan: () => Promise.resolve(),
    sendBatch: (_, members) => {
      const failure = fails(asked++);
      if (failure !== undefined) return Promise.reject(failure);
      batches.push({ members, atMs: Context.current().info.scheduledTimestampMs });
      return Promise.resolve({ again: [], unknown: 0, counts });
    },
    readProgress: () => Promise.resolve({ counts, scan: null, lastError: null }),
    recordState: (_, state) => {
      states.push(state);
      return Promise.resolve();
    },
  };
  return { activities, batches, states, scans: () => scans };
}

async function running(
  activities: ExportActivities,
  work: (job: WorkflowHandle<typeof exportAudience>, startedMs: number) => Promise<void>,
): Promise<void> {
  const taskQueue = randomUUID();
  const worker = await Worker.create({
    connection: environment.nativeConnection,
    taskQueue,
    workflowBundle: bundle,
    activities: { ...activities },
  });
  await worker.runUntil(async () => {
    const jobId = `t${randomUUID().replaceAll('-', '').slice(0, 9)}`;
    const job = await environment.client.workflow.start(exportAudience, {
      workflowId: exportAudienceWorkflowId(jobId),
      taskQueue,
      args: [{ jobId, batchSize: 200, flushIntervalMs: 600_000 }],
    });
    await environment.sleep('1m');
    try {
      await work(job, await environment.currentTimeMs());
    } finally {
      await job.terminate().catch(() => undefined);
    }
  });
}

const members = (count: number): string[] => Array.from({ length: count }, () => randomUUID());

/** Members of a signal, at most 100 in each. */
async function enter(job: WorkflowHandle, ids: readonly string[]): Promise<void> {
  for (let from = 0; from < ids.length; from += 100) await job.signal(enterSignal, { members: ids.slice(from, from + 100) });
}

test('three members leave ten minutes after the first of them entered, to the second', async () => {
  const { activities, batches } = steps();
  await running(activities, async (job, startedMs) => {
    const [first, second, third] = members(3) as [string, string, string];
    await enter(job, [first]);
    await environment.sleep('4m');
    await enter(job, [second]);
    await environment.sleep('358s');
    await enter(job, [third]);
    assert.equal(batches.length, 0);
    await environment.sleep('10s');
    assert.deepEqual(batches.map((batch) => batch.members), [[first, second, third]]);
    const afterMs = (batches[0]?.atMs ?? 0) - startedMs;
    assert.ok(afterMs >= 600_000 && afterMs < 601_000, `left after ${afterMs} ms`);
  });
});

test('the two hundredth member sends the batch at once', async () => {
  const { activities, batches } = steps();
  await running(activities, async (job, startedMs) => {
    const ids = members(201);
    await enter(job, ids.slice(0, 199));
    await environment.sleep('1m');
    assert.equal(batches.length, 0);
    await enter(job, ids.slice(199));
    await environment.sleep('2s');
    assert.deepEqual(batches.map((batch) => batch.members.length), [200]);
    const afterMs = (batches[0]?.atMs ?? 0) - startedMs;
    assert.ok(afterMs >= 60_000 && afterMs < 61_000, `left after ${afterMs} ms`);
    assert.equal((await job.query(statusQuery)).queued, 1);
  });
});

test('enter, exit and enter inside the window leave one row', async () => {
  const { activities, batches } = steps();
  await running(activities, async (job) => {
    const [id] = members(1) as [string];
    await job.signal(enterSignal, { members: [id] });
    await job.signal(exitSignal, { members: [id] });
    await job.signal(enterSignal, { members: [id] });
    await environment.sleep('11m');
    assert.deepEqual(batches.map((batch) => batch.members), [[id]]);
  });
});

test('a signal of another shape is counted and harms nothing', async () => {
  const { activities, batches } = steps();
  await running(activities, async (job) => {
    const [id] = members(1) as [string];
    await job.signal('enter', 'joe');
    await job.signal('exit', { members: ['joe@example.com', id] });
    await job.signal('enter');
    const status = await job.query(statusQuery);
    assert.equal(status.refusedItems, 3);
    assert.equal(status.queued, 1);
    await job.executeUpdate(flushUpdate);
    await environment.sleep('2s');
    assert.deepEqual(batches.map((batch) => batch.members), [[id]]);
  });
});

test('paused, nothing is sent and nothing is lost; resumed, what is due goes', async () => {
  const { activities, batches, states } = steps();
  await running(activities, async (job) => {
    await job.executeUpdate(pauseUpdate);
    await assert.rejects(job.executeUpdate(flushUpdate), (error: Error) => /resume it first/.test(String(error.cause)));
    await enter(job, members(250));
    await environment.sleep('1h');
    assert.equal(batches.length, 0);
    await job.executeUpdate(resumeUpdate);
    await environment.sleep('5s');
    assert.deepEqual(batches.map((batch) => batch.members.length), [200, 50]);
    assert.deepEqual(states, ['paused', 'running']);
  });
});

test('what only a person can mend parks the job with its batch; resume sends it', async () => {
  const { ApplicationFailure } = await import('@temporalio/common');
  const refused = ApplicationFailure.nonRetryable('Responsys refused the login', 'AUTHORIZATION_REFUSED');
  const { activities, batches, states } = steps((batch) => (batch === 0 ? refused : undefined));
  await running(activities, async (job) => {
    const ids = members(2);
    await enter(job, ids);
    await environment.sleep('11m');
    const status = await job.query(statusQuery);
    assert.equal(status.state, 'parked');
    assert.equal(status.reason, 'Responsys refused the login');
    assert.equal(status.queued, 2);
    await job.executeUpdate(resumeUpdate);
    await environment.sleep('5s');
    assert.deepEqual(batches.map((batch) => batch.members), [ids]);
    assert.deepEqual(states, ['parked', 'running']);
  });
});

test('backfill scans again; stop ends and says what is left', async () => {
  const { activities, scans, states } = steps();
  await running(activities, async (job) => {
    assert.equal(scans(), 1);
    await job.executeUpdate(backfillUpdate);
    await environment.sleep('5s');
    assert.equal(scans(), 2);
    await enter(job, members(3));
    await job.executeUpdate(stopUpdate);
    assert.deepEqual(await job.result(), { left: 3, reason: 'Stopped.' });
    assert.deepEqual(states, ['stopped']);
  });
});

test('a thousand signals continue the job as new, with the queue', async () => {
  const { activities } = steps();
  await running(activities, async (job) => {
    const ids = members(150);
    for (let round = 0; round < 7; round++)
      await Promise.all(ids.map((id) => job.signal(enterSignal, { members: [id] })));
    await environment.sleep('2s');
    const { runId } = await job.describe();
    assert.notEqual(runId, job.firstExecutionRunId);
    assert.equal((await job.query(statusQuery)).queued, 150);
  });
});
