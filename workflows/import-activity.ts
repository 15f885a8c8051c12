/**
 * Import Activity Data: look at the folder, read the files that are whole, several at once and the oldest
 * first, and look again. What is new comes from the store, so that history grows with new files alone.
 *
 * Handlers only set a wish; one loop does the work.
 */
import {
  ActivityCancellationType,
  ApplicationFailure,
  CancellationScope,
  allHandlersFinished,
  condition,
  continueAsNew,
  isCancellation,
  proxyActivities,
  proxyLocalActivities,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { FoundFile, ImportActivities, ImportProgress } from '../activities/import-activity.ts';
import {
  importStatusQuery,
  pauseImportUpdate,
  pollUpdate,
  resumeImportUpdate,
  stopImportUpdate,
} from '../jobs/import-messages.ts';
import type { ImportEnd, ImportState, ImportStatus } from '../jobs/import-messages.ts';
import { beforeContinuing } from './before-continuing.ts';
import { importDetails } from './import-details.ts';
import { reasonOf } from './reason.ts';

export interface ImportInput {
  readonly jobId: string;
  readonly parallelFiles: number;
  /** What the run before this one leaves to it. */
  readonly carried?: {
    readonly state: ImportState;
    readonly reason: string;
    readonly told: ImportState | undefined;
  };
}

const refreshMs = 30_000;
const retry = { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '2m' } as const;

const { checkImport, lookAtFolder } = proxyActivities<ImportActivities>({
  startToCloseTimeout: '15m',
  heartbeatTimeout: '30s',
  retry,
});
const { importFile } = proxyActivities<ImportActivities>({
  startToCloseTimeout: '30 days',
  heartbeatTimeout: '30s',
  retry,
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
});
const { recordImportState } = proxyActivities<ImportActivities>({ startToCloseTimeout: '1m' });
const { readImportProgress } = proxyLocalActivities<ImportActivities>({ startToCloseTimeout: '10s' });

export async function importActivity(input: ImportInput): Promise<ImportEnd> {
  const { jobId, carried } = input;
  let { parallelFiles } = input;
  let state: ImportState = carried?.state ?? 'checking';
  let reason = carried?.reason ?? '';
  let told = carried?.told;
  let lookAtMs = 0;
  let leftAlone = 0;
  let waiting: readonly FoundFile[] = [];
  let hasMore = false;
  let progress: ImportProgress | undefined;
  let refreshAtMs = 0;
  const reading = new Map<number, CancellationScope>();

  const enter = (next: ImportState, why = ''): void => {
    state = next;
    reason = why;
    // Files that are being read stop at their watermark, and go on from there.
    if (next !== 'running') for (const scope of reading.values()) scope.cancel();
  };
  const status = (): ImportStatus => ({
    state,
    reason,
    reading: reading.size,
    nextLookAt: state === 'running' && lookAtMs > 0 ? new Date(lookAtMs).toISOString() : null,
    leftAlone,
  });

  const only = (when: boolean, otherwise: string): void => {
    if (!when) throw ApplicationFailure.nonRetryable(otherwise, 'NOT_NOW');
  };
  const to = (next: ImportState) => (): ImportStatus => {
    if (next === 'running') lookAtMs = 0;
    enter(next);
    return status();
  };
  setHandler(importStatusQuery, status, { description: 'How the job stands' });
  setHandler(pauseImportUpdate, to('paused'), {
    validator: () => only(state === 'running', `The job is ${state}; only a running one can be paused.`),
  });
  setHandler(resumeImportUpdate, to('running'), {
    validator: () =>
      only(state === 'paused' || state === 'parked', `The job is ${state}; there is nothing to resume.`),
  });
  setHandler(stopImportUpdate, to('stopping'), {
    validator: () => only(state !== 'stopping', 'The job is stopping already.'),
  });
  setHandler(
    pollUpdate,
    () => {
      lookAtMs = 0;
      return status();
    },
    { validator: () => only(state === 'running', `The job is ${state}; resume it first.`) },
  );

  const runIsFull = (): boolean => workflowInfo().continueAsNewSuggested;
  const takesFiles = (): boolean => state === 'running' && !runIsFull();
  const canTake = (): boolean => takesFiles() && waiting.length > 0 && reading.size < parallelFiles;
  const isToLook = (): boolean => takesFiles() && Date.now() >= lookAtMs;

  async function refresh(): Promise<void> {
    progress = await readImportProgress(jobId).catch(() => progress);
    setCurrentDetails(importDetails(status(), progress));
    refreshAtMs = Date.now() + refreshMs;
  }

  async function look(): Promise<void> {
    const askedAtMs = Date.now();
    lookAtMs = Number.POSITIVE_INFINITY;
    try {
      const found = await lookAtFolder.executeWithOptions({ summary: 'look at the folder' }, [
        jobId,
        [...reading.keys()],
      ]);
      waiting = found.files;
      hasMore = found.hasMore;
      leftAlone = found.leftAlone;
      parallelFiles = found.parallelFiles;
      // "poll" or "resume" may have asked for another look meanwhile.
      if (lookAtMs === Number.POSITIVE_INFINITY) lookAtMs = askedAtMs + found.nextLookInMs;
    } catch (error) {
      if (isCancellation(error)) throw error;
      lookAtMs = 0;
      if (state === 'running') enter('parked', reasonOf(error));
    }
  }

  async function read(file: FoundFile, scope: CancellationScope): Promise<void> {
    try {
      await scope.run(() =>
        importFile.executeWithOptions({ summary: `import ${file.name}` }, [jobId, file.id]),
      );
    } catch (error) {
      // What only a person can mend; what is wrong with the file itself is no failure of the step.
      if (!isCancellation(error) && state === 'running') enter('parked', reasonOf(error));
    } finally {
      reading.delete(file.id);
      if (waiting.length === 0 && hasMore) lookAtMs = 0;
    }
  }

  const isOver = (): boolean => state === 'stopping' || (runIsFull() && reading.size === 0);

  async function follow(): Promise<void> {
    while (!isOver()) {
      if (state !== told) {
        told = state;
        await recordImportState(jobId, told === 'checking' ? 'running' : told, reason);
        refreshAtMs = 0;
      }
      if (isToLook()) {
        await look();
        refreshAtMs = 0;
      }
      while (canTake()) {
        const [file, ...others] = waiting;
        waiting = others;
        if (file === undefined || reading.has(file.id)) continue;
        const scope = new CancellationScope();
        reading.set(file.id, scope);
        void read(file, scope);
      }
      if (Date.now() >= refreshAtMs) await refresh();
      const readingBefore = reading.size;
      const wakeAtMs = Math.min(
        takesFiles() ? lookAtMs : Number.POSITIVE_INFINITY,
        reading.size > 0 ? refreshAtMs : Number.POSITIVE_INFINITY,
      );
      // What changed while a step above was awaited is not slept over: it is held against what was told.
      const woken = (): boolean =>
        isOver() || state !== told || reading.size !== readingBefore || canTake() || isToLook();
      if (wakeAtMs === Number.POSITIVE_INFINITY) await condition(woken);
      else await condition(woken, Math.max(wakeAtMs - Date.now(), 1));
      if (reading.size !== readingBefore) refreshAtMs = 0;
    }
  }

  async function finish(why: string): Promise<ImportEnd> {
    await condition(() => reading.size === 0, '10m');
    await recordImportState(jobId, 'stopped', why);
    await refresh();
    await condition(allHandlersFinished);
    return { reason: why };
  }

  try {
    setCurrentDetails(importDetails(status(), progress));
    if (state === 'checking') {
      await checkImport.executeWithOptions({ summary: 'check the configuration against the server' }, [
        jobId,
      ]);
      // Stopped meanwhile: then it is not to run.
      if ((state as ImportState) === 'checking') enter('running');
    }
    await follow();
    if (state === 'stopping') return await finish('Stopped.');
    await beforeContinuing();
  } catch (error) {
    if (isCancellation(error))
      return await CancellationScope.nonCancellable(async () => {
        enter('stopping');
        return finish('Cancelled.');
      });
    await recordImportState(jobId, 'failed', reasonOf(error));
    throw ApplicationFailure.nonRetryable(reasonOf(error), typeOf(error));
  }
  await condition(allHandlersFinished);
  return continueAsNew<typeof importActivity>({ jobId, parallelFiles, carried: { state, reason, told } });
}

function typeOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof ApplicationFailure ? (cause.type ?? 'UNEXPECTED') : 'UNEXPECTED';
}
