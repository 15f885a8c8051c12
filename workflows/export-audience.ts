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
  sleep,
  startChild,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { SignalDefinition } from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import type { ExportActivities, Progress } from '../activities/export-audience.ts';
import { scanAudienceWorkflowId } from '../jobs/job-id.ts';
import {
  againSignal,
  approveUpdate,
  authorizationUpdatedSignal,
  backfillUpdate,
  enterSignal,
  exitSignal,
  flushUpdate,
  loginRefusedSignal,
  pauseUpdate,
  reconfigureUpdate,
  resumeUpdate,
  retryUpdate,
  scanEndedSignal,
  scanPauseSignal,
  scanResumeSignal,
  scanStopSignal,
  statusQuery,
  stopUpdate,
} from '../jobs/messages.ts';
import type { ExportEnd, ExportState, ExportStatus, Retry } from '../jobs/messages.ts';
import { hasRejected } from '../jobs/search-attributes.ts';
import { stateInWords } from '../jobs/state-words.ts';
import { beforeContinuing } from './before-continuing.ts';
import { openChangeQueue } from './change-queue.ts';
import type { QueueEntries } from './change-queue.ts';
import { exportDetails } from './export-details.ts';
import { readMembersChanged } from './members-changed.ts';
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

interface Carried {
  readonly state: ExportState;
  readonly reason: string;
  readonly reasonCode: string;
  readonly told: ExportState;
  readonly scanning: boolean;
  readonly scanAsked: boolean;
  readonly retry: Retry | undefined;
  readonly authorization: { readonly version: number; readonly scanVersion: number };
  readonly waits: number;
  readonly queue: QueueEntries;
  readonly refusedItems: number;
  readonly anyRejected: boolean;
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
  const queue = openChangeQueue(carried?.queue);
  let state: ExportState = carried?.state ?? 'checking';
  let reason = carried?.reason ?? '';
  let reasonCode = carried?.reasonCode ?? '';
  let scanning = carried?.scanning ?? false;
  let refusedItems = carried?.refusedItems ?? 0;
  let anyRejected = carried?.anyRejected ?? false;
  let signals = 0;
  let flushAsked = false;
  let scanAsked = carried?.scanAsked ?? true;
  let retry = carried?.retry;
  let canary = input.canary;
  // The newest known, and that of the time at which the scan began.
  let { version, scanVersion } = carried?.authorization ?? { version: 0, scanVersion: 0 };
  // How often it has waited for Responsys since something last succeeded.
  let waits = carried?.waits ?? 0;
  let stateChanged = true;
  // What the store and the scan know of the state.
  let told: ExportState = carried?.told ?? 'running';
  let progress: Progress | undefined;
  const reconfigurations = openReconfigurations();

  const enter = (next: ExportState, why = '', code = ''): void => {
    state = next;
    reason = why;
    reasonCode = code;
    stateChanged = true;
  };
  /** A step has failed. @param versionThen of the authorization, when the step began */
  const hinder = (why: string, code: string, versionThen: number): void => {
    if (code === 'SERVICE_UNAVAILABLE') {
      if (state === 'running') enter('waiting', why, code);
      waits += 1;
    } else if (code !== 'AUTHORIZATION_REFUSED' || versionThen === version) {
      enter('parked', why, code);
    }
    // Otherwise the authorization has been updated meanwhile: what was refused is not what is valid now.
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
    if (state === 'stopping') return;
    if (ended.outcome === 'failed') {
      scanAsked = true;
      hinder(ended.reason ?? '', ended.code ?? '', scanVersion);
    } else {
      waits = 0;
      retry = undefined;
      if (ended.outcome === 'canary') enter('approval', ended.reason);
    }
  });
  setHandler(loginRefusedSignal, (refused) => {
    signals += 1;
    const sends = state === 'running' || state === 'waiting';
    if (sends && refused.version >= version) enter('parked', refused.reason, 'AUTHORIZATION_REFUSED');
  });
  setHandler(authorizationUpdatedSignal, (updated) => {
    signals += 1;
    version = Math.max(version, updated.version);
    if (state === 'parked' && reasonCode === 'AUTHORIZATION_REFUSED') enter('running');
  });
  setHandler(statusQuery, status, { description: 'How the job stands' });

  const only = (when: boolean, otherwise: string): void => {
    if (!when) throw ApplicationFailure.nonRetryable(otherwise, 'NOT_NOW');
  };
  const notRunning = (): string => {
    const first = { waiting: 'it goes on by itself', approval: '"approve" it first' };
    return `The job is ${stateInWords(state)}; ${state in first ? first[state as keyof typeof first] : 'resume it first'}.`;
  };
  setHandler(
    pauseUpdate,
    () => {
      enter('paused');
      return status();
    },
    {
      validator: () =>
        only(
          state === 'running' || state === 'waiting',
          `The job is ${stateInWords(state)}; only a running one can be paused.`,
        ),
    },
  );
  setHandler(
    resumeUpdate,
    () => {
      enter('running');
      return status();
    },
    {
      validator: () =>
        only(
          state === 'paused' || state === 'parked',
          `The job is ${stateInWords(state)}; ${state === 'approval' ? '"approve" it' : 'there is nothing to resume'}.`,
        ),
    },
  );
  setHandler(
    flushUpdate,
    () => {
      flushAsked = queue.size > 0;
      return status();
    },
    { validator: () => only(state === 'running', notRunning()) },
  );
  setHandler(
    backfillUpdate,
    () => {
      scanAsked = true;
      return status();
    },
    {
      validator: () => {
        only(state === 'running', notRunning());
        only(!scanning && !scanAsked, 'A scan is running already.');
      },
    },
  );
  setHandler<ExportStatus, [Retry | undefined], typeof retryUpdate>(
    retryUpdate,
    // From the Web UI it may come without anything: all, then.
    (wished) => {
      retry = wished ?? {};
      scanAsked = true;
      return status();
    },
    {
      validator: () => {
        only(state === 'running', notRunning());
        only(!scanning && !scanAsked, 'A scan is running already; retry when it is done.');
      },
    },
  );
  setHandler(
    approveUpdate,
    () => {
      canary = undefined;
      scanAsked = true;
      enter('running');
      return status();
    },
    {
      validator: () =>
        only(state === 'approval', `The job is ${stateInWords(state)}; there is nothing to approve.`),
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

  setHandler(reconfigureUpdate, (change) => reconfigurations.ask(change), {
    description: 'Go on with another configuration',
    validator: (change) => {
      only(
        state === 'running' || state === 'paused' || state === 'parked',
        `The job is ${state}; it cannot be changed now.`,
      );
      reconfigurations.validate(change);
    },
  });

  const runIsFull = (): boolean =>
    (workflowInfo().continueAsNewSuggested || signals >= signalsPerRun) && queue.size <= mostCarried;
  /** Before its approval, a job with a canary sends that alone; changes are queued. */
  const sends = (): boolean => state === 'running' && canary === undefined;
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
    scanAsked = false;
    scanning = true;
    scanVersion = version;
    show();
    try {
      await startChild(scanAudience, {
        workflowId: scanAudienceWorkflowId(jobId),
        args: [{ jobId, canary, retry }],
        workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
        // The scan outlives this run: it says by a signal that it has ended.
        parentClosePolicy: ParentClosePolicy.ABANDON,
        staticSummary: retry === undefined ? 'Scan of the audience' : 'Rejected members again',
      });
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      // The one before has said that it has ended, and is about to.
      scanning = false;
      scanAsked = true;
      await sleep(scanEndsWithinMs);
    }
  }

  async function sendNext(): Promise<void> {
    const batch = queue.take(batchSize);
    if (queue.size === 0) flushAsked = false;
    const versionThen = version;
    try {
      const sent = await showingMeanwhile(
        sendBatch.executeWithOptions({ summary: `send ${batch.length} changed members` }, [
          jobId,
          batch.map(([member]) => member),
        ]),
      );
      refusedItems += sent.unknown;
      noteRejected(sent.counts.rejected);
      waits = 0;
      if (sent.tooManyRejected !== null && state === 'running')
        enter('parked', sent.tooManyRejected, 'TOO_MANY_REJECTED');
    } catch (error) {
      queue.putBack(batch);
      // It was due, and still is when the job goes on.
      flushAsked = true;
      if (isCancellation(error)) throw error;
      if (state === 'running') hinder(reasonOf(error), codeOf(error), versionThen);
    }
  }

  /** Until Responsys serves again, something else is wished, or the run is full. */
  async function waitForResponsys(): Promise<void> {
    const asking = new CancellationScope();
    const asked = asking
      .run(async () => {
        await sleep(waitBeforeMs(waits));
        await responsysServes.executeWithOptions({ summary: 'ask whether Responsys serves again' }, [jobId]);
      })
      .then(
        () => {
          if (state === 'waiting') enter('running');
        },
        (error: unknown) => {
          if (state === 'waiting' && !isCancellation(error)) enter('parked', reasonOf(error), codeOf(error));
        },
      );
    const isOver = (): boolean => state !== 'waiting' || runIsFull();
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
    await condition(() => !scanning);
    scanAsked = true;
  }

  async function follow(): Promise<void> {
    let refreshAt = 0;
    while ((!runIsFull() || reconfigurations.waiting()) && state !== 'stopping') {
      const asked = reconfigurations.next();
      if (asked !== undefined) await takeConfiguration(asked);
      if (stateChanged) {
        stateChanged = false;
        if (state !== told) {
          told = state;
          // First the store: the scan that goes on is to find a mended fuse.
          await recordState(jobId, told === 'checking' ? 'running' : told, reason);
          await tellScan(told === 'running' ? scanResumeSignal : scanPauseSignal);
        }
        await refresh();
        refreshAt = Date.now() + refreshMs;
      }
      if (state === 'waiting') await waitForResponsys();
      else if (state === 'running' && scanAsked && !scanning) await startScan();
      else if (sends() && batchIsDue()) await sendNext();
      const { oldestMs } = queue;
      const flushAt = sends() && oldestMs !== undefined ? oldestMs + flushIntervalMs : Infinity;
      const wakeAt = Math.min(flushAt, refreshAt === 0 ? Infinity : refreshAt);
      const woken = (): boolean =>
        stateChanged ||
        runIsFull() ||
        reconfigurations.waiting() ||
        // A first entry makes a flush due earlier than this wait knows of.
        queue.oldestMs !== oldestMs ||
        (sends() && (queue.size >= batchSize || flushAsked)) ||
        (state === 'running' && scanAsked && !scanning);
      if (wakeAt === Infinity) await condition(woken);
      else
        await condition(woken, Math.max(wakeAt - Date.now(), 1), {
          summary: wakeAt === flushAt ? 'flush what is queued' : 'refresh what is shown',
        });
      if (refreshAt === 0 && (scanning || queue.size > 0)) refreshAt = Date.now() + refreshMs;
      if (refreshAt !== 0 && Date.now() >= refreshAt) {
        await refresh();
        refreshAt = scanning || queue.size > 0 ? Date.now() + refreshMs : 0;
      }
    }
  }

  async function finish(why: string): Promise<ExportEnd> {
    reconfigurations.refuseAll('The job stops.');
    await tellScan(scanStopSignal);
    await condition(() => !scanning, '10m', { summary: 'the scan comes to its end' });
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
    do {
      await follow();
      if (state === 'stopping') return await finish('Stopped.');
      await beforeContinuing();
    } while (reconfigurations.waiting());
  } catch (error) {
    if (isCancellation(error)) {
      return await CancellationScope.nonCancellable(async () => {
        enter('stopping');
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
    canary,
    signalsPerRun,
    carried: {
      state,
      reason,
      reasonCode,
      told,
      scanning,
      scanAsked,
      retry,
      authorization: { version, scanVersion },
      waits,
      queue: queue.entries(),
      refusedItems,
      anyRejected,
    },
  });
}
