/**
 * Export Audience: scan the audience, then follow it. Signals say who changed; a batch leaves when 200 are
 * queued or 10 minutes after the oldest was, and each send reads what is true at that moment.
 *
 * Messages only put things in the queue or set a wish (export-messages.ts); one loop does the work.
 */
import {
  ApplicationFailure,
  CancellationScope,
  ParentClosePolicy,
  WorkflowIdReusePolicy,
  allHandlersFinished,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  isCancellation,
  proxyActivities,
  proxyLocalActivities,
  setCurrentDetails,
  sleep,
  startChild,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { SignalDefinition } from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import type { ExportActivities, Progress } from '../activities/export-audience.ts';
import { scanAudienceWorkflowId } from '../jobs/job-id.ts';
import { scanPauseSignal, scanResumeSignal, scanStopSignal } from '../jobs/messages.ts';
import type { ExportEnd, ExportStatus } from '../jobs/messages.ts';
import { hasRejected } from '../jobs/search-attributes.ts';
import { beforeContinuing } from './before-continuing.ts';
import { exportDetails } from './export-details.ts';
import { handleMessages } from './export-messages.ts';
import { carriedOf, enter, flushAtMs, hinder, openStanding, statusOf } from './export-standing.ts';
import type { Carried } from './export-standing.ts';
import { waitBeforeMs } from './outage.ts';
import { codeOf, reasonOf } from './reason.ts';
import { openReconfigurations } from './reconfigurations.ts';
import type { AskedReconfiguration } from './reconfigurations.ts';
import { scanAudience } from './scan-audience.ts';

export interface ExportInput {
  readonly jobId: string;
  readonly batchSize: number;
  readonly flushIntervalMs: number;
  /** Members that are sent before the rest waits for approval; undefined once approved. */
  readonly canary?: number | undefined;
  /** Signals that one run takes before it continues as new. @default 1_000; the server refuses more than 10,000 */
  readonly signalsPerRun?: number;
  /** What the run before this one leaves to it. */
  readonly carried?: Carried;
}

const defaultSignalsPerRun = 1_000;
/** Members that may be carried over: 512 KiB of a payload's 2 MiB, at 64 bytes each. */
const mostCarried = 8_000;
const refreshMs = 30_000;
const scanEndsWithinMs = 2_000;
/** While Responsys does not serve: each refresh adds to the history of a wait that may take days. */
const refreshWhileWaitingMs = 10 * 60_000;

const { checkConfiguration } = proxyActivities<ExportActivities>({
  startToCloseTimeout: '10m',
  heartbeatTimeout: '30s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '2m' },
});
const { sendBatch } = proxyActivities<ExportActivities>({
  startToCloseTimeout: '1h',
  heartbeatTimeout: '30s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '2m' },
});
const { responsysServes } = proxyActivities<ExportActivities>({
  startToCloseTimeout: '2m',
  // Without an end, and without a trace in the history: maintenance may take days.
  retry: { initialInterval: '5s', backoffCoefficient: 2, maximumInterval: '5m' },
});
const { reconfigure } = proxyActivities<ExportActivities>({
  scheduleToCloseTimeout: '10m',
  startToCloseTimeout: '5m',
  heartbeatTimeout: '30s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '30s' },
});
const { recordState } = proxyActivities<ExportActivities>({ startToCloseTimeout: '1m' });
const { readProgress } = proxyLocalActivities<ExportActivities>({ startToCloseTimeout: '5s' });

export async function exportAudience(input: ExportInput): Promise<ExportEnd> {
  const { jobId, signalsPerRun = defaultSignalsPerRun, carried } = input;
  let { batchSize, flushIntervalMs } = input;
  const job = openStanding(input.canary, carried);
  const { queue } = job;
  const reconfigurations = openReconfigurations();
  let progress: Progress | undefined;

  const status = (): ExportStatus => statusOf(job, flushIntervalMs);
  const show = (): void => setCurrentDetails(exportDetails(status(), progress));
  const tellScan = async (signal: SignalDefinition): Promise<void> => {
    // A scan that ended at this moment has nothing left to pause.
    if (job.scanning)
      await getExternalWorkflowHandle(scanAudienceWorkflowId(jobId))
        .signal(signal)
        .catch(() => undefined);
  };
  handleMessages(job, status, reconfigurations);

  const runIsFull = (): boolean =>
    (workflowInfo().continueAsNewSuggested || job.signals >= signalsPerRun) && queue.size <= mostCarried;
  /** Before its approval, a job with a canary sends that alone; changes are queued. */
  const sends = (): boolean => job.state === 'running' && job.canary === undefined;
  const batchIsDue = (): boolean =>
    queue.size >= batchSize || job.flushAsked || Date.now() >= (flushAtMs(job, flushIntervalMs) ?? Infinity);

  async function refresh(): Promise<void> {
    progress = await readProgress(jobId).catch(() => progress);
    noteRejected(progress?.counts.rejected ?? 0);
    show();
  }

  function noteRejected(rejected: number): void {
    if (job.anyRejected === rejected > 0) return;
    job.anyRejected = rejected > 0;
    upsertSearchAttributes([{ key: hasRejected, value: job.anyRejected }]);
  }

  /** A send may wait out a throttled minute, or a retry: what is shown is to say so. */
  async function showingMeanwhile<Result>(step: Promise<Result>): Promise<Result> {
    let isOver = false;
    const over = (): void => {
      isOver = true;
    };
    void step.then(over, over);
    while (!(await condition(() => isOver, refreshMs, { summary: 'refresh what is shown' }))) await refresh();
    return step;
  }

  async function startScan(): Promise<void> {
    job.scanAsked = false;
    job.scanning = true;
    job.scanVersion = job.version;
    show();
    try {
      await startChild(scanAudience, {
        workflowId: scanAudienceWorkflowId(jobId),
        args: [{ jobId, canary: job.canary, retry: job.retry }],
        workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
        // The scan outlives this run: it says by a signal that it has ended.
        parentClosePolicy: ParentClosePolicy.ABANDON,
        staticSummary: job.retry === undefined ? 'Scan of the audience' : 'Rejected members again',
      });
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      // The one before has said that it has ended, and is about to.
      job.scanning = false;
      job.scanAsked = true;
      await sleep(scanEndsWithinMs);
    }
  }

  async function sendNext(): Promise<void> {
    const batch = queue.take(batchSize);
    if (queue.size === 0) job.flushAsked = false;
    const versionThen = job.version;
    try {
      const sent = await showingMeanwhile(
        sendBatch.executeWithOptions({ summary: `send ${batch.length} changed members` }, [
          jobId,
          batch.map(([member]) => member),
        ]),
      );
      job.refusedItems += sent.unknown;
      noteRejected(sent.counts.rejected);
      job.waits = 0;
      if (sent.tooManyRejected !== null && job.state === 'running')
        enter(job, 'parked', sent.tooManyRejected, 'TOO_MANY_REJECTED');
    } catch (error) {
      queue.putBack(batch);
      // It was due, and still is when the job goes on.
      job.flushAsked = true;
      if (isCancellation(error)) throw error;
      if (job.state === 'running') hinder(job, reasonOf(error), codeOf(error), versionThen);
    }
  }

  /** Until Responsys serves again, something else is wished, or the run is full. */
  async function waitForResponsys(): Promise<void> {
    const asking = new CancellationScope();
    const asked = asking
      .run(async () => {
        await sleep(waitBeforeMs(job.waits));
        await responsysServes.executeWithOptions({ summary: 'ask whether Responsys serves again' }, [jobId]);
      })
      .then(
        () => {
          if (job.state === 'waiting') enter(job, 'running');
        },
        (error: unknown) => {
          if (job.state === 'waiting' && !isCancellation(error))
            enter(job, 'parked', reasonOf(error), codeOf(error));
        },
      );
    const isOver = (): boolean => job.state !== 'waiting' || runIsFull();
    while (!(await condition(isOver, refreshWhileWaitingMs))) await refresh();
    asking.cancel();
    await asked;
  }

  /** What is under way is sent as it was; all that follows, as it is now. */
  async function takeConfiguration(asked: AskedReconfiguration): Promise<void> {
    try {
      const { change } = asked;
      const { changed } = await reconfigure.executeWithOptions({ summary: 'take a changed configuration' }, [
        jobId,
        change,
      ]);
      batchSize = change.configuration.batchSize;
      flushIntervalMs = change.configuration.flushInterval;
      if (changed && change.backfill) await scanAnew();
      asked.answer({ changed });
    } catch (error) {
      if (isCancellation(error)) throw error;
      asked.answer({ refused: ApplicationFailure.nonRetryable(reasonOf(error), codeOf(error)) });
    }
  }

  /** A scan that is under way sends by the old plan: it ends first, so that nothing of it comes later. */
  async function scanAnew(): Promise<void> {
    await tellScan(scanStopSignal);
    await condition(() => !job.scanning);
    job.scanAsked = true;
  }

  async function follow(): Promise<void> {
    let refreshAt = 0;
    while ((!runIsFull() || reconfigurations.waiting()) && job.state !== 'stopping') {
      const asked = reconfigurations.next();
      if (asked !== undefined) await takeConfiguration(asked);
      if (job.stateChanged) {
        job.stateChanged = false;
        if (job.state !== job.told) {
          job.told = job.state;
          // First the store: the scan that goes on is to find a mended fuse.
          await recordState(jobId, job.told === 'checking' ? 'running' : job.told, job.reason);
          await tellScan(job.told === 'running' ? scanResumeSignal : scanPauseSignal);
        }
        await refresh();
        refreshAt = Date.now() + refreshMs;
      }
      if (job.state === 'waiting') await waitForResponsys();
      else if (job.state === 'running' && job.scanAsked && !job.scanning) await startScan();
      else if (sends() && batchIsDue()) await sendNext();
      const { oldestMs } = queue;
      const flushAt = (sends() ? flushAtMs(job, flushIntervalMs) : undefined) ?? Infinity;
      const wakeAt = Math.min(flushAt, refreshAt === 0 ? Infinity : refreshAt);
      const woken = (): boolean =>
        job.stateChanged ||
        runIsFull() ||
        reconfigurations.waiting() ||
        // A first entry makes a flush due earlier than this wait knows of.
        queue.oldestMs !== oldestMs ||
        (sends() && (queue.size >= batchSize || job.flushAsked)) ||
        (job.state === 'running' && job.scanAsked && !job.scanning);
      if (wakeAt === Infinity) await condition(woken);
      else
        await condition(woken, Math.max(wakeAt - Date.now(), 1), {
          summary: wakeAt === flushAt ? 'flush what is queued' : 'refresh what is shown',
        });
      if (refreshAt === 0 && (job.scanning || queue.size > 0)) refreshAt = Date.now() + refreshMs;
      if (refreshAt !== 0 && Date.now() >= refreshAt) {
        await refresh();
        refreshAt = job.scanning || queue.size > 0 ? Date.now() + refreshMs : 0;
      }
    }
  }

  async function finish(why: string): Promise<ExportEnd> {
    reconfigurations.refuseAll('The job stops.');
    await tellScan(scanStopSignal);
    await condition(() => !job.scanning, '10m', { summary: 'the scan comes to its end' });
    const left = queue.size;
    await recordState(jobId, 'stopped', left === 0 ? why : `${why} ${left} changes were left unsent.`);
    await refresh();
    await condition(allHandlersFinished);
    return { left, reason: why };
  }

  try {
    show();
    if (job.state === 'checking') {
      await checkConfiguration.executeWithOptions(
        { summary: 'check the configuration against the account' },
        [jobId],
      );
      enter(job, 'running');
    }
    do {
      await follow();
      if (job.state === 'stopping') return await finish('Stopped.');
      await beforeContinuing();
    } while (reconfigurations.waiting());
  } catch (error) {
    if (isCancellation(error)) {
      return await CancellationScope.nonCancellable(async () => {
        enter(job, 'stopping');
        return finish('Cancelled.');
      });
    }
    await recordState(jobId, 'failed', reasonOf(error));
    throw error instanceof Error ? ApplicationFailure.nonRetryable(reasonOf(error), codeOf(error)) : error;
  }
  await condition(allHandlersFinished);
  return continueAsNew<typeof exportAudience>({
    jobId,
    batchSize,
    flushIntervalMs,
    canary: job.canary,
    signalsPerRun,
    carried: carriedOf(job),
  });
}
