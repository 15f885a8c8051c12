/**
 * Export Audience: scan the audience, then follow it. Signals say who changed; a batch leaves when 200 are
 * queued or 10 minutes after the oldest was, and each send reads what is true at that moment.
 *
 * Handlers only put things in the queue or set a wish; one loop does the work.
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
  setHandler,
  startChild,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { SignalDefinition } from '@temporalio/workflow';
import type { ExportActivities, Progress } from '../activities/export-audience.ts';
import { scanAudienceWorkflowId } from '../jobs/job-id.ts';
import {
  againSignal,
  backfillUpdate,
  enterSignal,
  exitSignal,
  flushUpdate,
  pauseUpdate,
  resumeUpdate,
  scanEndedSignal,
  scanPauseSignal,
  scanResumeSignal,
  scanStopSignal,
  statusQuery,
  stopUpdate,
} from '../jobs/messages.ts';
import type { ExportEnd, ExportState, ExportStatus } from '../jobs/messages.ts';
import { hasRejected } from '../jobs/search-attributes.ts';
import { openChangeQueue } from './change-queue.ts';
import type { QueueEntries } from './change-queue.ts';
import { exportDetails } from './export-details.ts';
import { readMembersChanged } from './members-changed.ts';
import { reasonOf } from './reason.ts';
import { scanAudience } from './scan-audience.ts';

export interface ExportInput {
  readonly jobId: string;
  readonly batchSize: number;
  readonly flushIntervalMs: number;
  /** What the run before this one leaves to it. */
  readonly carried?: Carried;
}

interface Carried {
  readonly state: ExportState;
  readonly reason: string;
  readonly scanning: boolean;
  readonly queue: QueueEntries;
  readonly refusedItems: number;
  readonly anyRejected: boolean;
}

/** Signals of one run: the server refuses more than 10,000. */
const signalsPerRun = 1_000;
/** Members that may be carried over: 512 KiB of a payload's 2 MiB, at 64 bytes each. */
const mostCarried = 8_000;
const refreshMs = 30_000;

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
const { recordState } = proxyActivities<ExportActivities>({ startToCloseTimeout: '1m' });
const { readProgress } = proxyLocalActivities<ExportActivities>({ startToCloseTimeout: '5s' });

export async function exportAudience(input: ExportInput): Promise<ExportEnd> {
  const { jobId, batchSize, flushIntervalMs, carried } = input;
  const queue = openChangeQueue(carried?.queue);
  let state: ExportState = carried?.state ?? 'checking';
  let reason = carried?.reason ?? '';
  let scanning = carried?.scanning ?? false;
  let refusedItems = carried?.refusedItems ?? 0;
  let anyRejected = carried?.anyRejected ?? false;
  let signals = 0;
  let flushAsked = false;
  let scanAsked = carried === undefined;
  let stateChanged = true;
  let progress: Progress | undefined;

  const enter = (next: ExportState, why = ''): void => {
    state = next;
    reason = why;
    stateChanged = true;
  };
  const status = (): ExportStatus => ({
    state,
    reason,
    scanning,
    queued: queue.size,
    nextFlushAt:
      queue.oldestMs === undefined ? null : new Date(queue.oldestMs + flushIntervalMs).toISOString(),
    refusedItems,
  });
  const show = (): void => setCurrentDetails(exportDetails(status(), progress));
  const scanHandle = () => getExternalWorkflowHandle(scanAudienceWorkflowId(jobId));
  const tellScan = async (signal: SignalDefinition): Promise<void> => {
    // A scan that ended at this moment has nothing left to pause.
    if (scanning)
      await scanHandle()
        .signal(signal)
        .catch(() => undefined);
  };

  const onMembersChanged = (payload: unknown): void => {
    signals += 1;
    const read = readMembersChanged(payload);
    refusedItems += read.refused;
    for (const member of read.members) queue.add(member, Date.now());
  };
  setHandler(enterSignal, onMembersChanged, { description: 'People entered an audience of this job' });
  setHandler(exitSignal, onMembersChanged, { description: 'People left an audience of this job' });
  setHandler(againSignal, onMembersChanged, { description: 'Fields or identifiers changed' });
  setHandler(scanEndedSignal, (ended) => {
    signals += 1;
    scanning = false;
    stateChanged = true;
    if (ended.outcome === 'failed' && state !== 'stopping') {
      enter('parked', ended.reason);
      scanAsked = true;
    }
  });
  setHandler(statusQuery, status, { description: 'How the job stands' });

  const only = (when: boolean, otherwise: string): void => {
    if (!when) throw ApplicationFailure.nonRetryable(otherwise, 'NOT_NOW');
  };
  setHandler(
    pauseUpdate,
    () => {
      enter('paused');
      return status();
    },
    { validator: () => only(state === 'running', `The job is ${state}; only a running one can be paused.`) },
  );
  setHandler(
    resumeUpdate,
    () => {
      enter('running');
      return status();
    },
    {
      validator: () =>
        only(state === 'paused' || state === 'parked', `The job is ${state}; there is nothing to resume.`),
    },
  );
  setHandler(
    flushUpdate,
    () => {
      flushAsked = queue.size > 0;
      return status();
    },
    { validator: () => only(state === 'running', `The job is ${state}; resume it first.`) },
  );
  setHandler(
    backfillUpdate,
    () => {
      scanAsked = true;
      return status();
    },
    {
      validator: () => {
        only(state === 'running', `The job is ${state}; resume it first.`);
        only(!scanning && !scanAsked, 'A scan is running already.');
      },
    },
  );
  setHandler(
    stopUpdate,
    () => {
      enter('stopping');
      return status();
    },
    { validator: () => only(state !== 'stopping', 'The job is stopping already.') },
  );

  const runIsFull = (): boolean =>
    (workflowInfo().continueAsNewSuggested || signals >= signalsPerRun) && queue.size <= mostCarried;
  const batchIsDue = (): boolean =>
    queue.size >= batchSize ||
    flushAsked ||
    (queue.oldestMs !== undefined && Date.now() >= queue.oldestMs + flushIntervalMs);

  async function refresh(): Promise<void> {
    progress = await readProgress(jobId).catch(() => progress);
    noteRejected(progress?.counts.rejected ?? 0);
    show();
  }

  function noteRejected(rejected: number): void {
    if (anyRejected === rejected > 0) return;
    anyRejected = rejected > 0;
    upsertSearchAttributes([{ key: hasRejected, value: anyRejected }]);
  }

  async function startScan(): Promise<void> {
    scanAsked = false;
    scanning = true;
    await startChild(scanAudience, {
      workflowId: scanAudienceWorkflowId(jobId),
      args: [{ jobId }],
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
      // The scan outlives this run: it says by a signal that it has ended.
      parentClosePolicy: ParentClosePolicy.ABANDON,
      staticSummary: 'Scan of the audience',
    });
  }

  async function sendNext(): Promise<void> {
    const batch = queue.take(batchSize);
    if (queue.size === 0) flushAsked = false;
    try {
      const sent = await sendBatch.executeWithOptions({ summary: `send ${batch.length} changed members` }, [
        jobId,
        batch.map(([member]) => member),
      ]);
      refusedItems += sent.unknown;
      noteRejected(sent.counts.rejected);
    } catch (error) {
      queue.putBack(batch);
      // It was due, and still is when the job goes on.
      flushAsked = true;
      if (isCancellation(error)) throw error;
      if (state === 'running') enter('parked', reasonOf(error));
    }
  }

  async function follow(): Promise<void> {
    let told: ExportState = 'running';
    let refreshAt = 0;
    while (!runIsFull() && state !== 'stopping') {
      if (stateChanged) {
        stateChanged = false;
        if (state !== told) {
          await tellScan(state === 'running' ? scanResumeSignal : scanPauseSignal);
          await recordState(jobId, state === 'checking' ? 'running' : state, reason);
          told = state;
        }
        await refresh();
        refreshAt = Date.now() + refreshMs;
      }
      if (state === 'running' && scanAsked && !scanning) await startScan();
      else if (state === 'running' && batchIsDue()) await sendNext();
      const { oldestMs } = queue;
      const flushAt = state === 'running' && oldestMs !== undefined ? oldestMs + flushIntervalMs : Infinity;
      const wakeAt = Math.min(flushAt, refreshAt === 0 ? Infinity : refreshAt);
      const woken = (): boolean =>
        stateChanged ||
        runIsFull() ||
        // A first entry makes a flush due earlier than this wait knows of.
        queue.oldestMs !== oldestMs ||
        (state === 'running' && (queue.size >= batchSize || flushAsked || (scanAsked && !scanning)));
      if (wakeAt === Infinity) await condition(woken);
      else await condition(woken, Math.max(wakeAt - Date.now(), 1));
      if (refreshAt === 0 && (scanning || queue.size > 0)) refreshAt = Date.now() + refreshMs;
      if (refreshAt !== 0 && Date.now() >= refreshAt) {
        await refresh();
        refreshAt = scanning || queue.size > 0 ? Date.now() + refreshMs : 0;
      }
    }
  }

  async function finish(why: string): Promise<ExportEnd> {
    await tellScan(scanStopSignal);
    await condition(() => !scanning, '10m');
    const left = queue.size;
    await recordState(jobId, 'stopped', left === 0 ? why : `${why} ${left} changes were left unsent.`);
    await refresh();
    await condition(allHandlersFinished);
    return { left, reason: why };
  }

  try {
    show();
    if (state === 'checking') {
      await checkConfiguration.executeWithOptions(
        { summary: 'check the configuration against the account' },
        [jobId],
      );
      enter('running');
    }
    await follow();
    if (state === 'stopping') return await finish('Stopped.');
  } catch (error) {
    if (isCancellation(error)) {
      return await CancellationScope.nonCancellable(async () => {
        enter('stopping');
        return finish('Cancelled.');
      });
    }
    await recordState(jobId, 'failed', reasonOf(error));
    throw error instanceof Error ? ApplicationFailure.nonRetryable(reasonOf(error), typeOf(error)) : error;
  }
  await condition(allHandlersFinished);
  return continueAsNew<typeof exportAudience>({
    jobId,
    batchSize,
    flushIntervalMs,
    carried: { state, reason, scanning, queue: queue.entries(), refusedItems, anyRejected },
  });
}

function typeOf(error: Error): string {
  const { cause } = error;
  return cause instanceof ApplicationFailure ? (cause.type ?? 'UNEXPECTED') : 'UNEXPECTED';
}
