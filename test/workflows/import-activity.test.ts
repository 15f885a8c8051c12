import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import type { ImportActivities } from '../../activities/import-activity.ts';
import {
  importStatusQuery,
  pauseImportUpdate,
  pollUpdate,
  resumeImportUpdate,
  stopImportUpdate,
} from '../../jobs/import-messages.ts';
import { importActivityWorkflowId } from '../../jobs/job-id.ts';
import { importActivity } from '../../workflows/index.ts';
import { temporalEnvironment } from '../harness/temporal.ts';
import { untilSo } from '../harness/until.ts';
import { Folder, files, runningImport } from './import-steps.ts';

const workflowsPath = new URL('../../workflows/index.ts', import.meta.url).pathname;
const totals = {
  ...{ found: 0, done: 0, repeated: 0, setAside: 0, failed: 0, waiting: 0 },
  ...{ events: 0, repeatedRows: 0, rejected: 0, nobodys: 0, byType: {} },
};

/** Events of a history after which the server suggests to continue as new. */
const suggestedAfter = 4_096;

let environment: TestWorkflowEnvironment;
before(async () => {
  ({ environment } = await temporalEnvironment());
});
after(() => environment.teardown());

test('what is wished while it looks at the folder or writes its state is done when that has ended', async () => {
  let looking = Promise.withResolvers<undefined>();
  let looked = Promise.withResolvers<undefined>();
  const pausing = Promise.withResolvers<undefined>();
  const states: string[] = [];
  const activities: ImportActivities = {
    checkImport: () => Promise.resolve(),
    lookAtFolder: async () => {
      looking.resolve(undefined);
      await looked.promise;
      return { files: [], hasMore: false, leftAlone: 0, nextLookInMs: 3_600_000, parallelFiles: 2 };
    },
    importFile: () => Promise.resolve(),
    readImportProgress: () => Promise.resolve({ totals, reading: [], late: [], lastError: null }),
    recordImportState: async (_, state) => {
      if (state === 'paused') {
        pausing.resolve(undefined);
        // Long enough for a wish to come while it is written.
        await wait(1_000);
      }
      states.push(state);
    },
  };
  const taskQueue = randomUUID();
  const worker = await Worker.create({
    connection: environment.nativeConnection,
    namespace: environment.namespace ?? 'default',
    taskQueue,
    workflowsPath,
    activities: { ...activities },
  });
  await worker.runUntil(async () => {
    const jobId = `t${randomUUID().replaceAll('-', '').slice(0, 9)}`;
    const job = await environment.client.workflow.start(importActivity, {
      workflowId: importActivityWorkflowId(jobId),
      taskQueue,
      args: [{ jobId, parallelFiles: 2 }],
    });
    const nextLook = async (): Promise<void> => {
      await within(looking.promise, 'another look');
      looking = Promise.withResolvers();
    };
    const endLook = (): void => {
      looked.resolve(undefined);
      looked = Promise.withResolvers();
    };
    await nextLook();
    await job.executeUpdate(pauseImportUpdate);
    endLook();
    await within(pausing.promise, 'the pause, in the store');
    await job.executeUpdate(resumeImportUpdate);
    await nextLook();
    endLook();
    await until(() => states.at(-1) === 'running' && states.includes('paused'), 'the resume, in the store');
    await job.executeUpdate(pollUpdate);
    await nextLook();
    await job.executeUpdate(stopImportUpdate);
    endLook();
    assert.deepEqual(await within(job.result(), 'its end'), { reason: 'Stopped.' });
    assert.deepEqual(states, ['running', 'paused', 'running', 'stopped']);
  });
});

test('continued as new, it goes on as it was: paused, and each file is read once', async () => {
  const folder = new Folder(3_600_000);
  const all = Array.from({ length: 5_000 }, (_, at) => at + 1);
  let holds = false;
  folder.read = () => (holds ? new Promise(() => undefined) : Promise.resolve());
  folder.finds = (reading) => {
    const seen = new Set([...folder.done, ...reading]);
    return {
      files: files(...all.filter((id) => !seen.has(id)).slice(0, 50)),
      hasMore: true,
      parallelFiles: 8,
    };
  };
  await runningImport(environment, folder, async (job) => {
    const { runId } = await job.describe();
    const hasHappened = async (events: number): Promise<boolean> =>
      (await job.describe()).historyLength > events;
    await until(() => hasHappened(3_000), 'a long history');
    holds = true;
    // The run is full, and ends when the files that are being read do.
    await until(async () => {
      await job.executeUpdate(pollUpdate);
      return hasHappened(suggestedAfter);
    }, 'a full one');
    assert.equal((await job.describe()).runId, runId, 'it continues while files are being read');
    const before = folder.done.length;
    await job.executeUpdate(pauseImportUpdate);
    await until(async () => (await job.describe()).runId !== runId, 'another run');
    await until(() => folder.states.at(-1) === 'paused', 'the pause, in the store');
    assert.equal((await job.query(importStatusQuery)).state, 'paused');
    assert.ok(folder.cancelled.length > 0 && folder.done.length === before);

    holds = false;
    await job.executeUpdate(resumeImportUpdate);
    await until(() => folder.done.length > before + 100, 'it reads on');
    await job.executeUpdate(stopImportUpdate);
    assert.deepEqual(await within(job.result(), 'its end'), { reason: 'Stopped.' });
    assert.equal(new Set(folder.done).size, folder.done.length, 'none is read twice');
    const last = Math.max(...folder.done);
    const left = all.slice(0, last).filter((id) => !folder.done.includes(id));
    assert.ok(
      left.every((id) => folder.cancelled.includes(id)),
      `left out: ${left.join()}`,
    );
  });
});

async function within<Result>(promise: Promise<Result>, what: string): Promise<Result> {
  const late = wait(20_000).then(() => assert.fail(`${what} did not come`));
  return Promise.race([promise, late]);
}

const until = (isSo: () => boolean | Promise<boolean>, what: string): Promise<void> =>
  untilSo(isSo, { withinMs: 60_000, what });
