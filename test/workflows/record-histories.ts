/**
 * `npm run record-histories`: plays the ways that an export goes against today's workflows, and writes their
 * histories to `histories/`. To be run, and its files committed, when workflows are changed on purpose in a
 * way that running jobs need not survive; docs/histories.md says when that is.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/common';
import type { WorkflowHandle } from '@temporalio/client';
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
import type { exportAudience } from '../../workflows/index.ts';
import { historyToText } from './history-text.ts';
import { startSharedTemporal } from '../setup.ts';
import { TEMPORAL_VARIABLE } from '../harness/variables.ts';
import { temporalEnvironment } from '../harness/temporal.ts';
import { enter, members, running, steps } from './steps.ts';

type Job = WorkflowHandle<typeof exportAudience>;

interface Way {
  readonly play: (job: Job, batches: () => number) => Promise<void>;
  readonly fails?: (batch: number) => Error | undefined;
  readonly input?: Partial<ExportInput>;
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let look = 0; look < 600; look++) {
    if (await isSo()) return;
    await wait(100);
  }
  throw new Error('it did not come about within a minute');
}

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

const folder = join(import.meta.dirname, 'histories');
await mkdir(folder, { recursive: true });
const server = await startSharedTemporal();
process.env[TEMPORAL_VARIABLE] = server.address;
const { environment } = await temporalEnvironment();
try {
  for (const [name, way] of Object.entries(ways)) {
    const { activities, batches } = steps(way.fails);
    await running(
      environment,
      activities,
      async (job) => {
        const { runId } = await job.describe();
        await way.play(job, () => batches.length);
        const first = environment.client.workflow.getHandle(job.workflowId, runId);
        await writeFile(join(folder, `${name}.json`), historyToText(await first.fetchHistory()));
        process.stdout.write(`${name}\n`);
      },
      way.input,
    );
  }
} finally {
  await environment.teardown();
  await server.stop();
}
