/** What tests of an import's workflow share: steps that reach nothing, and a job that runs with them. */
import { CancelledFailure, Context } from '@temporalio/activity';
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { FoundFile, ImportActivities, Looked } from '../../activities/import-activity.ts';
import { importActivityWorkflowId } from '../../jobs/job-id.ts';
import { importActivity } from '../../workflows/index.ts';
import { newTestJobId, withWorker } from './steps.ts';

export type ImportHandle = WorkflowHandle<typeof importActivity>;

const totals = {
  ...{ found: 0, done: 0, repeated: 0, setAside: 0, failed: 0, waiting: 0 },
  ...{ events: 0, repeatedRows: 0, rejected: 0, nobodys: 0, byType: {} },
};

/** A folder that is no folder: steps that reach nothing, and say when they were asked for. */
export class Folder {
  /** Of each look: its time by the server's clock. */
  readonly looks: number[] = [];
  /** Files that each was told to be read. */
  readonly readAtLooks: (readonly number[])[] = [];
  readonly states: string[] = [];
  /** Ids of files, as their readings began and ended. */
  readonly begun: number[] = [];
  readonly done: number[] = [];
  readonly cancelled: number[] = [];
  /** Those that are being read now. */
  readonly reading = new Set<number>();
  mostAtOnce = 0;
  /** What the next looks show; after these the folder is as the last showed it, without files. */
  shows: Partial<Looked>[] = [];
  /** What every look shows besides, by the files that are being read. */
  finds: (reading: readonly number[]) => Partial<Looked> = () => ({});
  /** How a file is read. */
  read: (id: number) => Promise<void> = () => Promise.resolve();
  private readonly nextLookInMs: number;

  constructor(nextLookInMs: number) {
    this.nextLookInMs = nextLookInMs;
  }

  readonly activities: ImportActivities = {
    checkImport: () => Promise.resolve(),
    lookAtFolder: (_, reading) => {
      this.looks.push(Context.current().info.scheduledTimestampMs);
      this.readAtLooks.push(reading);
      const plain = { files: [], hasMore: false, leftAlone: 0, parallelFiles: 2 };
      return Promise.resolve({
        ...plain,
        nextLookInMs: this.nextLookInMs,
        ...this.finds(reading),
        ...this.shows.shift(),
      });
    },
    importFile: async (_, id) => {
      this.begun.push(id);
      this.reading.add(id);
      this.mostAtOnce = Math.max(this.mostAtOnce, this.reading.size);
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
        this.reading.delete(id);
      }
    },
    readImportProgress: () => Promise.resolve({ totals, reading: [], late: [], lastError: null }),
    recordImportState: (_, state) => {
      this.states.push(state);
      return Promise.resolve();
    },
  };
}

export const files = (...ids: readonly number[]): readonly FoundFile[] =>
  ids.map((id) => ({ id, name: `1_CLICK_20260131_00000${id}.txt` }));

/** Runs an import of it until the work is done. */
export const runningImport = (
  environment: TestWorkflowEnvironment,
  folder: Folder,
  work: (job: ImportHandle) => Promise<void>,
): Promise<void> =>
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
