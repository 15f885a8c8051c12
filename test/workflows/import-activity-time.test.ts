/**
 * When an import looks at the folder, and what it does with what it finds there, by a server that skips time:
 * six hours take no longer than a second.
 */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import {
  importStatusQuery,
  pauseImportUpdate,
  pollUpdate,
  resumeImportUpdate,
  stopImportUpdate,
} from '../../jobs/import-messages.ts';
import { timeSkipping } from '../harness/temporal.ts';
import { untilSo } from '../harness/until.ts';
import { Folder, files, runningImport } from './import-steps.ts';
import type { ImportHandle } from './import-steps.ts';

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

/** Waits, in real time: this server's clock waits for no worker. */
const until = (isSo: () => boolean | Promise<boolean>, what: string): Promise<void> =>
  untilSo(isSo, { withinMs: 20_000, everyMs: 25, what });

/** Until so many looks were made, and nothing is under way but files that are being read. */
const untilLooked = (job: ImportHandle, folder: Folder, looks: number, reading = 0): Promise<void> =>
  until(async () => {
    if (folder.looks.length < looks || folder.reading.size !== reading) return false;
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
  await runningImport(environment, folder, async (job) => {
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
  await runningImport(environment, folder, async (job) => {
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
    assert.deepEqual(folder.readAtLooks, [[], [4]]);
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
  await runningImport(environment, folder, async (job) => {
    await until(() => folder.done.length === 4, 'the others');
    assert.deepEqual(folder.done.toSorted(), [2, 3, 4, 5]);
    // Again and again: the pause before the next attempt begins when the server has heard of the failure.
    await until(async () => {
      await environment.sleep('2s');
      await wait(200);
      return folder.done.length === 5;
    }, 'the one that failed');
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
  await runningImport(environment, folder, async (job) => {
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
  await runningImport(environment, folder, async (job) => {
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
