/**
 * When an import looks at the folder, and what it does with what it finds there, by a server that skips time:
 * six hours take no longer than a second.
 */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { CancelledFailure, Context } from '@temporalio/activity';
import type { WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { FoundFile, ImportActivities, Looked } from '../../activities/import-activity.ts';
import {
  importStatusQuery,
  pauseImportUpdate,
  pollUpdate,
  resumeImportUpdate,
  stopImportUpdate,
} from '../../jobs/import-messages.ts';
import { importActivityWorkflowId } from '../../jobs/job-id.ts';
import { importActivity } from '../../workflows/index.ts';
import { timeSkipping } from '../harness/temporal.ts';
import { newTestJobId, withWorker } from './steps.ts';

type Job = WorkflowHandle<typeof importActivity>;

const minute = 60_000;
const hour = 60 * minute;
/** What a step may take on a machine that is busy; what is measured differs from what would be wrong by far more. */
const slack = 20_000;

let environment: TestWorkflowEnvironment;

// A server for each test: a job that is ended in the midst of a task would hold the next one's clock.
beforeEach(async () => {
  environment = await timeSkipping();
});
afterEach(() => environment.teardown());

const totals = {
  ...{ found: 0, done: 0, repeated: 0, setAside: 0, failed: 0, waiting: 0 },
  ...{ events: 0, repeatedRows: 0, rejected: 0, nobodys: 0, byType: {} },
};

/** A folder that is no folder: steps that reach nothing, and say when they were asked for. */
class Folder {
  /** Of each look: its time by the server's clock. */
  readonly looks: number[] = [];
  readonly states: string[] = [];
  /** Ids of files, as their readings began and ended. */
  readonly begun: number[] = [];
  readonly done: number[] = [];
  readonly cancelled: number[] = [];
  mostAtOnce = 0;
  /** What the next looks show; after these the folder is as the last showed it, without files. */
  shows: Partial<Looked>[] = [];
  /** How a file is read. */
  read: (id: number) => Promise<void> = () => Promise.resolve();
  private readonly now = new Set<number>();
  private readonly nextLookInMs: number;

  constructor(nextLookInMs: number) {
    this.nextLookInMs = nextLookInMs;
  }

  readonly activities: ImportActivities = {
    checkImport: () => Promise.resolve(),
    lookAtFolder: (_, reading) => {
      this.looks.push(Context.current().info.scheduledTimestampMs);
      assert.deepEqual(new Set(reading), this.now, 'files that are being read are told');
      const plain = { files: [], hasMore: false, leftAlone: 0, parallelFiles: 2 };
      return Promise.resolve({ ...plain, nextLookInMs: this.nextLookInMs, ...this.shows.shift() });
    },
    importFile: async (_, id) => {
      this.begun.push(id);
      this.now.add(id);
      this.mostAtOnce = Math.max(this.mostAtOnce, this.now.size);
      // What is cancelled learns of it by a heartbeat.
      const beating = setInterval(() => Context.current().heartbeat(), 50);
      try {
        await Promise.race([this.read(id), Context.current().cancelled]);
        this.done.push(id);
      } catch (error) {
        if (error instanceof CancelledFailure) this.cancelled.push(id);
        throw error;
      } finally {
        clearInterval(beating);
        this.now.delete(id);
      }
    },
    readImportProgress: () => Promise.resolve({ totals, reading: [], lastError: null }),
    recordImportState: (_, state) => {
      this.states.push(state);
      return Promise.resolve();
    },
  };
}

const files = (...ids: readonly number[]): readonly FoundFile[] =>
  ids.map((id) => ({ id, name: `1_CLICK_20260131_00000${id}.txt` }));

const running = (folder: Folder, work: (job: Job) => Promise<void>): Promise<void> =>
  withWorker(
    environment,
    folder.activities,
    async (taskQueue) => {
      const jobId = newTestJobId();
      const job = await environment.client.workflow.start(importActivity, {
        workflowId: importActivityWorkflowId(jobId),
        taskQueue,
        args: [{ jobId, parallelFiles: 2 }],
      });
      try {
        await work(job);
      } finally {
        await job.terminate().catch(() => undefined);
      }
    },
    { maxHeartbeatThrottleInterval: '100ms' },
  );

/** Waits, in real time: this server's clock waits for no worker. */
async function until(isSo: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let look = 0; look < 800; look++) {
    if (await isSo()) return;
    await wait(25);
  }
  assert.fail(`it did not come about: ${what}`);
}

/** Until so many looks were made, and nothing is under way but files that are being read. */
const untilLooked = (job: Job, folder: Folder, looks: number, reading = 0): Promise<void> =>
  until(async () => {
    if (folder.looks.length < looks) return false;
    const { raw } = await job.describe();
    return raw.pendingWorkflowTask == null && (raw.pendingActivities?.length ?? 0) === reading;
  }, `${looks} looks, now ${folder.looks.length}`);

function isAfter(folder: Folder, look: number, expectedMs: number): void {
  const between = (folder.looks[look] ?? NaN) - (folder.looks[look - 1] ?? NaN);
  assert.ok(
    Math.abs(between - expectedMs) < slack,
    `look ${look} came after ${between} ms, not ${expectedMs}`,
  );
}

test('it looks each interval, sooner where a file comes to rest, and at once when it is told to', async () => {
  const folder = new Folder(6 * hour);
  await running(folder, async (job) => {
    await untilLooked(job, folder, 1);
    await environment.sleep(6 * hour - 5 * minute);
    await untilLooked(job, folder, 1);
    assert.equal(folder.looks.length, 1, 'not before its time');
    // A file that is there for the first time, and another that is read once it has come to rest.
    folder.shows = [{ nextLookInMs: minute }, { files: files(1) }];
    await environment.sleep(5 * minute);
    await untilLooked(job, folder, 2);
    isAfter(folder, 1, 6 * hour);
    assert.deepEqual(folder.begun, []);
    await environment.sleep(minute);
    await untilLooked(job, folder, 3);
    isAfter(folder, 2, minute);
    await until(() => folder.done.length === 1, 'the file is read');

    await untilLooked(job, folder, 3);
    await environment.sleep(hour);
    await untilLooked(job, folder, 3);
    const { nextLookAt } = await job.executeUpdate(pollUpdate);
    assert.equal(nextLookAt, null, 'it is due at once');
    await untilLooked(job, folder, 4);
    isAfter(folder, 3, hour);
    // The interval counts from the look that was asked for.
    await environment.sleep(6 * hour - 5 * minute);
    await untilLooked(job, folder, 4);
    assert.equal(folder.looks.length, 4);
    await environment.sleep(5 * minute);
    await untilLooked(job, folder, 5);
    isAfter(folder, 4, 6 * hour);
  });
});

test('files are read oldest first, as many at once as the configuration says; what is behind them is looked for', async () => {
  const folder = new Folder(6 * hour);
  const ends = new Map<number, () => void>();
  folder.read = (id) => new Promise((resolve) => ends.set(id, resolve));
  folder.shows = [
    { files: files(1, 2, 3, 4), hasMore: true },
    { files: files(5, 6), parallelFiles: 3 },
  ];
  await running(folder, async (job) => {
    await untilLooked(job, folder, 1, 2);
    assert.deepEqual(folder.begun.toSorted(), [1, 2]);
    ends.get(2)?.();
    await until(() => folder.begun.length === 3, 'the next');
    ends.get(1)?.();
    await until(() => folder.begun.length === 4, 'the one behind it');
    assert.equal(folder.mostAtOnce, 2);
    assert.equal(folder.looks.length, 1, 'there were files to read');
    // The first to end when none is left of those that were found: there are more.
    ends.get(3)?.();
    await untilLooked(job, folder, 2, 3);
    assert.deepEqual(folder.begun.slice(2, 4), [3, 4]);
    assert.deepEqual(folder.begun.slice(4).toSorted(), [5, 6]);
    assert.equal(folder.mostAtOnce, 3);
    for (const end of ends.values()) end();
    await untilLooked(job, folder, 2);
    assert.deepEqual(folder.done.slice(0, 3), [2, 1, 3]);
    assert.deepEqual(folder.done.slice(3).toSorted(), [4, 5, 6]);
    assert.equal((await job.query(importStatusQuery)).reading, 0);
  });
});

test('a step that fails is tried again after seconds, and holds up no other file', async () => {
  const folder = new Folder(6 * hour);
  const times: number[] = [];
  folder.read = (id) => {
    if (id !== 1) return Promise.resolve();
    times.push(Context.current().info.currentAttemptScheduledTimestampMs);
    return times.length < 4 ? Promise.reject(new Error('The worker has no room.')) : Promise.resolve();
  };
  folder.shows = [{ files: files(1, 2, 3, 4, 5) }];
  await running(folder, async (job) => {
    await until(() => folder.done.length === 4, 'the others');
    assert.deepEqual(folder.done.toSorted(), [2, 3, 4, 5]);
    for (let skip = 0; skip < 30 && folder.done.length === 4; skip++) {
      await environment.sleep('1s');
      await wait(50);
    }
    await untilLooked(job, folder, 1);
    assert.equal(folder.done.at(-1), 1);
    assert.equal((await job.query(importStatusQuery)).state, 'running');
    assert.equal(times.length, 4);
  });
});

test('what only a person can mend parks it: what is being read ends, no look is made for days, "resume" looks at once', async () => {
  const folder = new Folder(6 * hour);
  folder.read = (id) =>
    id === 1
      ? Promise.reject(ApplicationFailure.nonRetryable('The key is refused.', 'AUTHORIZATION_REFUSED'))
      : new Promise(() => undefined);
  folder.shows = [{ files: files(2, 1) }, { files: files(2, 1) }];
  await running(folder, async (job) => {
    await until(() => folder.states.at(-1) === 'parked', 'it is parked');
    await untilLooked(job, folder, 1);
    assert.deepEqual(folder.cancelled, [2]);
    assert.equal((await job.query(importStatusQuery)).reason, 'The key is refused.');
    await assert.rejects(job.executeUpdate(pollUpdate), caused(/The job is parked; resume it first\./));
    await environment.sleep(72 * hour);
    await untilLooked(job, folder, 1);
    assert.equal(folder.looks.length, 1);
    folder.read = () => Promise.resolve();
    await job.executeUpdate(resumeImportUpdate);
    await untilLooked(job, folder, 2);
    await until(() => folder.done.length === 2, 'both are read');
    assert.deepEqual(folder.states, ['running', 'parked', 'running']);
  });
});

test('paused, it reads and looks no more until "resume", which looks at once; "stop" lets what is read end, and ends it', async () => {
  const folder = new Folder(6 * hour);
  folder.read = () => new Promise(() => undefined);
  folder.shows = [{ files: files(1, 2, 3) }, { files: files(1, 2, 3) }];
  await running(folder, async (job) => {
    await untilLooked(job, folder, 1, 2);
    assert.deepEqual(folder.begun.toSorted(), [1, 2]);
    await job.executeUpdate(pauseImportUpdate);
    await untilLooked(job, folder, 1);
    assert.deepEqual(folder.cancelled.toSorted(), [1, 2]);
    await environment.sleep(24 * hour);
    await untilLooked(job, folder, 1);
    assert.equal(folder.looks.length, 1);
    await assert.rejects(job.executeUpdate(pauseImportUpdate), caused(/only a running one can be paused/));
    await job.executeUpdate(resumeImportUpdate);
    await untilLooked(job, folder, 2, 2);
    assert.deepEqual(folder.begun.slice(2).toSorted(), [1, 2]);
    await job.executeUpdate(stopImportUpdate);
    assert.deepEqual(await job.result(), { reason: 'Stopped.' });
    assert.equal(folder.begun.length, 4, 'none was begun after that');
    assert.deepEqual(folder.states, ['running', 'paused', 'running', 'stopped']);
  });
});

const caused =
  (words: RegExp) =>
  (error: unknown): boolean =>
    error instanceof Error && error.cause instanceof Error && words.test(error.cause.message);
