/** What tests of the workflows share: steps that reach nothing, and a worker that runs them. */
import { randomUUID } from 'node:crypto';
import { Context } from '@temporalio/activity';
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker, bundleWorkflowCode } from '@temporalio/worker';
import type { WorkerOptions, WorkflowBundleWithSourceMap } from '@temporalio/worker';
import type { ExportActivities } from '../../activities/export-audience.ts';
import { exportAudienceWorkflowId } from '../../jobs/job-id.ts';
import { enterSignal } from '../../jobs/messages.ts';
import type { ExportInput } from '../../workflows/export-audience.ts';
import { exportAudience } from '../../workflows/index.ts';
import { workflowSources } from '../../workers/workflow-sources.ts';

let bundle: Promise<WorkflowBundleWithSourceMap> | undefined;

export interface Batch {
  readonly members: readonly string[];
  /** By the server's clock. */
  readonly atMs: number;
}

/** Steps that reach nothing: they say when they were asked for, and for whom. */
export function steps(fails: (batch: number) => Error | undefined = () => undefined) {
  const batches: Batch[] = [];
  const states: string[] = [];
  let scans = 0;
  let asked = 0;
  const counts = { accepted: 0, rejected: 0, 'not-in-list': 0 };
  const activities: ExportActivities = {
    checkConfiguration: () => Promise.resolve(),
    reconfigure: () => Promise.resolve({ changed: true }),
    beginScan: () => Promise.resolve({ scanId: `scan-${++scans}`, total: 0 }),
    beginRetry: () => Promise.resolve({ scanId: `retry-${++scans}`, total: 0 }),
    scanAudience: () => Promise.resolve(),
    readCanary: () => Promise.resolve('Of the first 3 members 2 were accepted, 1 rejected (bad-email 1).'),
    responsysServes: () => Promise.resolve(),
    abandonScan: () => Promise.resolve(),
    sendBatch: (_, members) => {
      const failure = fails(asked++);
      if (failure !== undefined) return Promise.reject(failure);
      batches.push({ members, atMs: Context.current().info.scheduledTimestampMs });
      return Promise.resolve({ unknown: 0, counts, tooManyRejected: null });
    },
    readProgress: () => Promise.resolve({ counts, scan: null, lastError: null }),
    recordState: (_, state) => {
      states.push(state);
      return Promise.resolve();
    },
  };
  return { activities, batches, states, scans: () => scans };
}

/** Runs a worker of today's workflows with these steps. */
export async function withWorker(
  environment: TestWorkflowEnvironment,
  activities: object,
  work: (taskQueue: string) => Promise<void>,
  options: Partial<WorkerOptions> = {},
): Promise<void> {
  const taskQueue = randomUUID();
  const worker = await Worker.create({
    connection: environment.nativeConnection,
    namespace: environment.namespace ?? 'default',
    taskQueue,
    workflowBundle: await (bundle ??= bundleWorkflowCode(workflowSources)),
    activities,
    // A step that is asked to end hears of it with its next beat.
    maxHeartbeatThrottleInterval: '200ms',
    ...options,
  });
  await worker.runUntil(() => work(taskQueue));
}

export const newTestJobId = (): string => `t${randomUUID().replaceAll('-', '').slice(0, 9)}`;

export const running = (
  environment: TestWorkflowEnvironment,
  activities: ExportActivities,
  work: (job: WorkflowHandle<typeof exportAudience>) => Promise<void>,
  input: Partial<ExportInput> = {},
): Promise<void> =>
  withWorker(environment, activities, async (taskQueue) => {
    const jobId = newTestJobId();
    const job = await environment.client.workflow.start(exportAudience, {
      workflowId: exportAudienceWorkflowId(jobId),
      taskQueue,
      args: [{ jobId, batchSize: 200, flushIntervalMs: 600_000, ...input }],
    });
    try {
      await work(job);
    } finally {
      await job.terminate().catch(() => undefined);
    }
  });

export const members = (count: number): string[] => Array.from({ length: count }, () => randomUUID());

/** Members of a signal, at most 100 in each. */
export async function enter(job: WorkflowHandle, ids: readonly string[]): Promise<void> {
  for (let from = 0; from < ids.length; from += 100)
    await job.signal(enterSignal, { members: ids.slice(from, from + 100) });
}
