/**
 * `npm run record-histories [-- NAME …]`: plays the ways that jobs go against today's workflows, and writes their
 * histories to `histories/`: all, or those named. To be run, and its files committed, when workflows are changed on purpose in a
 * way that running jobs need not survive; docs/histories.md says when that is.
 */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ApplicationFailure } from '@temporalio/common';
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { CampaignActivities } from '../../activities/export-campaign.ts';
import type { ImportActivities } from '../../activities/import-activity.ts';
import { pauseImportUpdate, resumeImportUpdate, stopImportUpdate } from '../../jobs/import-messages.ts';
import { exportCampaignWorkflowId, importActivityWorkflowId } from '../../jobs/job-id.ts';
import {
  backfillUpdate,
  flushUpdate,
  pauseUpdate,
  resumeUpdate,
  statusQuery,
  stopUpdate,
} from '../../jobs/messages.ts';
import type { ExportStatus } from '../../jobs/messages.ts';
import type { ExportInput } from '../../workflows/export-audience.ts';
import { exportCampaign, importActivity } from '../../workflows/index.ts';
import type { exportAudience } from '../../workflows/index.ts';
import { historyToText } from './history-text.ts';
import { startSharedTemporal } from '../setup.ts';
import { untilSo } from '../harness/until.ts';
import { TEMPORAL_VARIABLE } from '../harness/variables.ts';
import { temporalEnvironment } from '../harness/temporal.ts';
import { enter, members, newTestJobId, running, steps, withWorker } from './steps.ts';

type Job = WorkflowHandle<typeof exportAudience>;

interface Way {
  readonly play: (job: Job, batches: () => number) => Promise<void>;
  readonly fails?: (batch: number) => Error | undefined;
  readonly input?: Partial<ExportInput>;
}

const until = (isSo: () => boolean | Promise<boolean>): Promise<void> => untilSo(isSo, { withinMs: 60_000 });

const untilIs = (job: Job, isSo: (status: ExportStatus) => boolean): Promise<void> =>
  until(async () => isSo(await job.query(statusQuery)));
const untilFollowing = (job: Job): Promise<void> =>
  untilIs(job, ({ state, scanning }) => state === 'running' && !scanning);

const refused = ApplicationFailure.nonRetryable('Responsys refused the login', 'AUTHORIZATION_REFUSED');

const ways: Readonly<Record<string, Way>> = {
  happy: {
    play: async (job, batches) => {
      await untilFollowing(job);
      await enter(job, members(230));
      await until(() => batches() === 1);
      await job.executeUpdate(flushUpdate);
      await until(() => batches() === 2);
      await job.executeUpdate(backfillUpdate);
      await untilFollowing(job);
    },
  },
  'parked-and-resumed': {
    fails: (batch) => (batch === 0 ? refused : undefined),
    play: async (job, batches) => {
      await untilFollowing(job);
      await enter(job, members(2));
      await job.executeUpdate(flushUpdate);
      await untilIs(job, ({ state }) => state === 'parked');
      await job.executeUpdate(resumeUpdate);
      await until(() => batches() === 1);
    },
  },
  paused: {
    play: async (job, batches) => {
      await untilFollowing(job);
      await job.executeUpdate(pauseUpdate);
      await enter(job, members(250));
      await untilIs(job, ({ queued }) => queued === 250);
      await job.executeUpdate(resumeUpdate);
      await until(() => batches() === 1);
    },
  },
  'continued-as-new': {
    input: { signalsPerRun: 3 },
    play: async (job) => {
      await untilFollowing(job);
      const { runId } = await job.describe();
      for (const id of members(4)) await enter(job, [id]);
      await until(async () => (await job.describe()).runId !== runId);
    },
  },
  stopped: {
    play: async (job) => {
      await untilFollowing(job);
      await enter(job, members(3));
      await job.executeUpdate(stopUpdate);
      await job.result();
    },
  },
  cancelled: {
    play: async (job) => {
      await untilFollowing(job);
      await enter(job, members(3));
      await job.cancel();
      await job.result();
    },
  },
};

const counts = {
  ...{ waiting: 0, claimed: 0, accepted: 0, rejected: 0, unknown: 0 },
  ...{ left: 0, 'same-address': 0, 'opted-out': 0, 'too-soon': 0, 'not-in-list': 0 },
};
const totals = {
  ...{ found: 0, done: 0, repeated: 0, setAside: 0, failed: 0, waiting: 0 },
  ...{ events: 0, repeatedRows: 0, rejected: 0, nobodys: 0, byType: {} },
};

/** A job of another kind, from its start to its stop. @returns its handle */
type Play = (environment: TestWorkflowEnvironment) => Promise<WorkflowHandle>;

const playCampaign: Play = async (environment) => {
  let handle: WorkflowHandle<typeof exportCampaign> | undefined;
  let batches = 0;
  const activities: CampaignActivities = {
    checkCampaign: () => Promise.resolve(),
    reconfigureCampaign: () => Promise.resolve({ changed: true }),
    mailBatch: () => {
      batches += 1;
      return Promise.resolve({ unknown: 0, rejected: 0, tooManyRejected: null, held: null });
    },
    beginCampaignWalk: () => Promise.resolve({ scanId: 'walk-1', total: 0 }),
    walkCampaign: () => Promise.resolve(),
    readMailCanary: () => Promise.resolve(''),
    campaignServes: () => Promise.resolve(),
    abandonCampaignWalk: () => Promise.resolve(),
    readCampaignProgress: () => Promise.resolve({ counts, walk: null, lastError: null, throttling: [] }),
    recordCampaignState: () => Promise.resolve(),
  };
  await withWorker(environment, activities, async (taskQueue) => {
    const jobId = newTestJobId();
    const job = (handle = await environment.client.workflow.start(exportCampaign, {
      workflowId: exportCampaignWorkflowId(jobId),
      taskQueue,
      args: [{ jobId, batchSize: 200, flushIntervalMs: 600_000, backfill: true }],
    }));
    await until(async () => {
      const { state, scanning } = await job.query(statusQuery);
      return state === 'running' && !scanning;
    });
    await enter(job, members(230));
    await until(() => batches === 1);
    await job.executeUpdate(flushUpdate);
    await until(() => batches === 2);
    await job.executeUpdate(stopUpdate);
    await job.result();
  });
  return handle ?? assert.fail('it never started');
};

const playImport: Play = async (environment) => {
  let handle: WorkflowHandle<typeof importActivity> | undefined;
  const unread = [1, 2, 3].map((id) => ({ id, name: `file-${id}` }));
  const read: number[] = [];
  const activities: ImportActivities = {
    checkImport: () => Promise.resolve(),
    lookAtFolder: () =>
      Promise.resolve({
        files: unread.splice(0),
        ...{ hasMore: false, leftAlone: 0, nextLookInMs: 3_600_000, parallelFiles: 2 },
      }),
    importFile: (_, file) => {
      read.push(file);
      return Promise.resolve();
    },
    readImportProgress: () => Promise.resolve({ totals, reading: [], late: [], lastError: null }),
    recordImportState: () => Promise.resolve(),
  };
  await withWorker(environment, activities, async (taskQueue) => {
    const jobId = newTestJobId();
    const job = (handle = await environment.client.workflow.start(importActivity, {
      workflowId: importActivityWorkflowId(jobId),
      taskQueue,
      args: [{ jobId, parallelFiles: 2 }],
    }));
    await until(() => read.length === 3);
    await job.executeUpdate(pauseImportUpdate);
    await job.executeUpdate(resumeImportUpdate);
    await job.executeUpdate(stopImportUpdate);
    await job.result();
  });
  return handle ?? assert.fail('it never started');
};

const others: Readonly<Record<string, Play>> = { 'campaign-mailed': playCampaign, 'import-read': playImport };

const asked = process.argv.slice(2);
const isAsked = (name: string): boolean => asked.length === 0 || asked.includes(name);
const folder = join(import.meta.dirname, 'histories');
await mkdir(folder, { recursive: true });
const record = async (name: string, job: WorkflowHandle): Promise<void> => {
  await writeFile(join(folder, `${name}.json`), historyToText(await job.fetchHistory()));
  process.stdout.write(`${name}\n`);
};
const server = await startSharedTemporal();
process.env[TEMPORAL_VARIABLE] = server.address;
const { environment } = await temporalEnvironment();
try {
  for (const [name, way] of Object.entries(ways).filter(([one]) => isAsked(one))) {
    const { activities, batches } = steps(way.fails);
    await running(
      environment,
      activities,
      async (job) => {
        const { runId } = await job.describe();
        await way.play(job, () => batches.length);
        await record(name, environment.client.workflow.getHandle(job.workflowId, runId));
      },
      way.input,
    );
  }
  for (const [name, play] of Object.entries(others).filter(([one]) => isAsked(one)))
    await record(name, await play(environment));
} finally {
  await environment.teardown();
  await server.stop();
}
