/**
 * The steps of Import Activity Data: check the configuration against the server, look at the folder, import
 * one file. All of them may run again after a crash: what a step has done is known from the store.
 */
import { activityInfo, cancellationSignal } from '@temporalio/activity';
import { ExpectedError } from '../jobs/errors.ts';
import { fileErrorKinds } from '../jobs/file-errors.ts';
import { overdueInWords, overdueTypes } from '../jobs/overdue.ts';
import { writeOwedRiids } from '../systems/store/answered-riids.ts';
import { transaction } from '../systems/store/database.ts';
import {
  beginAttempt,
  failFile,
  fileTimes,
  fileTotals,
  filesToRead,
  findFile,
  nextChangeAt,
  noteListing,
  restFile,
} from '../systems/store/event-files.ts';
import type { Attempt, FileTotals } from '../systems/store/event-files.ts';
import { openHashKeys } from '../systems/store/identities.ts';
import { findImportJob } from '../systems/store/import-jobs.ts';
import type { ImportJob } from '../systems/store/import-jobs.ts';
import { setJobState, setLastError } from '../systems/store/jobs.ts';
import type { JobState } from '../systems/store/jobs.ts';
import { refuseDuringRebuild } from '../systems/store/rebuilds.ts';
import { addUserFields } from '../systems/store/user-fields.ts';
import type { Means } from './connections.ts';
import { asFailure, workerStops } from './failures.ts';
import { seenFiles } from './importing/discover.ts';
import { emptySpool, importBounds, importContent } from './importing/import-content.ts';
import { fieldsOfMapping, readMapping } from './importing/lql-mapping.ts';
import { openJobFolder } from './importing/job-folder.ts';
import { runStep } from './step.ts';

export interface FoundFile {
  readonly id: number;
  readonly name: string;
}

export interface Looked {
  /** Files to be read, the oldest first; those that are being read are not among them. */
  readonly files: readonly FoundFile[];
  readonly hasMore: boolean;
  readonly leftAlone: number;
  readonly nextLookInMs: number;
  /** As the configuration has it now. */
  readonly parallelFiles: number;
}

export interface ImportProgress {
  readonly totals: Omit<FileTotals, 'reading'>;
  readonly reading: readonly {
    readonly name: string;
    readonly percent: number;
    readonly rows: number;
    readonly rowsPerSecond: number;
  }[];
  /** Types of files that have not come for long, in words. */
  readonly late: readonly string[];
  readonly lastError: string | null;
}

export interface ImportActivities {
  checkImport(jobId: string): Promise<void>;
  lookAtFolder(jobId: string, reading: readonly number[]): Promise<Looked>;
  importFile(jobId: string, fileId: number): Promise<void>;
  readImportProgress(jobId: string): Promise<ImportProgress>;
  recordImportState(jobId: string, state: JobState, reason: string): Promise<void>;
}

/** Files that a look hands to the workflow at once: what is behind them is found by the next. */
const filesOfALook = 50;
/** A look that finds a file at rest for the first time is soon followed by another. */
const soonestLookMs = 1_000;
/** Tries of a step that fails for a reason that nobody foresaw. */
const mostUnexpectedTries = 5;

/** @param bounds of what is held in memory and written at once */
export function importActivities(means: Means, bounds = importBounds): ImportActivities {
  const { store } = means;

  const step = <Result>(jobId: string, work: (job: ImportJob) => Promise<Result>): Promise<Result> =>
    runStep(means, jobId, async () => {
      try {
        return await work(await findImportJob(store, jobId));
      } catch (error) {
        throw means.stopping.aborted ? workerStops() : error;
      }
    });
  const signal = (): AbortSignal => AbortSignal.any([cancellationSignal(), means.stopping]);

  async function checkImport(job: ImportJob): Promise<void> {
    const folder = await openJobFolder(means, job, signal());
    try {
      await folder.list();
    } finally {
      await folder.close();
    }
    await addUserFields(store, fieldsOfMapping(readMapping(job.configuration.mapping)));
    await setJobState(store, job.id, 'running', '');
    await setLastError(store, job.id, null);
  }

  async function lookAtFolder(job: ImportJob, reading: readonly number[]): Promise<Looked> {
    const folder = await openJobFolder(means, job, signal());
    const { files } = await folder.list().finally(() => folder.close());
    const seen = await seenFiles(store, job, files);
    await transaction(store, (database) => noteListing(database, job.id, seen.files));
    // Before a file is read: its rows then find the people whose RIIDs were answered before any file was there.
    await writeOwedRiids(store, () => openHashKeys(store, means.key), signal());
    const toRead = await filesToRead(store, job.id, filesOfALook + reading.length + 1);
    const idle = toRead.filter(({ id }) => !reading.includes(id));
    const changeAt = await nextChangeAt(store, job.id, job.configuration.stableFor, seen.atMs);
    await setLastError(store, job.id, null);
    const untilChangeMs =
      changeAt === undefined ? Infinity : Math.max(changeAt.getTime() - Date.now(), soonestLookMs);
    return {
      files: idle.slice(0, filesOfALook).map(({ id, path }) => ({ id, name: path })),
      hasMore: idle.length > filesOfALook,
      leftAlone: seen.leftAlone,
      nextLookInMs: Math.min(job.configuration.interval, untilChangeMs),
      parallelFiles: job.configuration.parallelFiles,
    };
  }

  /** A fault of the file is kept with the file, and is no failure of the step. */
  async function noteFault(attempt: Attempt, error: unknown): Promise<void> {
    if (signal().aborted) throw error;
    if (error instanceof ExpectedError) {
      if (error.code === 'FILE_GONE' || error.code === 'FILE_CHANGED')
        return restFile(store, attempt, error.message);
      if (!(error.code in fileErrorKinds)) throw error;
      await failFile(store, attempt, error.message);
      return;
    }
    if (activityInfo().attempt < mostUnexpectedTries) throw error;
    await failFile(store, attempt, asFailure(error).message);
  }

  async function importFile(job: ImportJob, fileId: number): Promise<void> {
    // Before the file is fetched, of which nothing could be folded now.
    await refuseDuringRebuild(store);
    const attempt = await beginAttempt(store, fileId, job.configuration);
    // Its worker may have been killed between the file's end and the spool's.
    if (attempt === undefined) await emptySpool(job.id, fileId);
    else {
      try {
        await importContent(means, job, attempt, signal(), bounds);
        await setLastError(store, job.id, null);
      } catch (error) {
        await noteFault(attempt, error);
      }
    }
    const { afterSuccess } = job.configuration;
    const file = await findFile(store, fileId);
    if (afterSuccess === 'leave' || (file?.state !== 'done' && file?.state !== 'repeated')) return;
    const folder = await openJobFolder(means, job, signal());
    try {
      const putAway = (): Promise<void> => folder.putAway(file.path, afterSuccess);
      // Two files at once may both want to make the folder: the one that was slower finds it there.
      await putAway().catch(putAway);
    } finally {
      await folder.close();
    }
  }

  return {
    checkImport: (jobId) => step(jobId, checkImport),
    lookAtFolder: (jobId, reading) => step(jobId, (job) => lookAtFolder(job, reading)),
    importFile: (jobId, fileId) => step(jobId, (job) => importFile(job, fileId)),
    readImportProgress: async (jobId) => {
      const [{ reading, ...totals }, { lastError }, times] = await Promise.all([
        fileTotals(store, jobId),
        findImportJob(store, jobId),
        fileTimes(store, jobId),
      ]);
      return {
        totals,
        lastError,
        late: overdueTypes(times, Date.now()).map(overdueInWords),
        reading: reading.map(({ path, bytesRead, sizeBytes, readTo, startedAt }) => ({
          name: path,
          percent: sizeBytes === 0 ? 100 : Math.floor((100 * bytesRead) / sizeBytes),
          rows: readTo,
          rowsPerSecond: Math.round(
            readTo / Math.max((Date.now() - (startedAt?.getTime() ?? Date.now())) / 1000, 1),
          ),
        })),
      };
    },
    recordImportState: (jobId, state, reason) => setJobState(store, jobId, state, reason),
  };
}
