/**
 * How a job follows an audience, whatever it does with the members: walk those who are there, then take those
 * who change. Signals say who changed; a batch leaves when it is full or its oldest has waited long enough, and
 * each send reads what is true at that moment.
 *
 * Messages only put things in the queue or set a wish (export-messages.ts); one loop does the work. Recorded
 * histories of each kind of job hold it to the order of its commands.
 */
import {
  ApplicationFailure,
  CancellationScope,
  allHandlersFinished,
  condition,
  getExternalWorkflowHandle,
  isCancellation,
  setCurrentDetails,
  sleep,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { SignalDefinition } from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { scanPauseSignal, scanRenewSignal, scanResumeSignal, scanStopSignal } from '../jobs/messages.ts';
import type { ExportEnd, ExportState, ExportStatus, Reconfiguration, Retry } from '../jobs/messages.ts';
import { hasRejected } from '../jobs/search-attributes.ts';
import { beforeContinuing } from './before-continuing.ts';
import { handleMessages } from './export-messages.ts';
import type { Steering } from './export-messages.ts';
import type { QueueEntries } from './change-queue.ts';
import {
  askBackfill,
  carriedOf,
  enter,
  flushAtMs,
  hinder,
  openStanding,
  statusOf,
} from './export-standing.ts';
import type { Carried, Standing } from './export-standing.ts';
import { codeOf, reasonOf } from './reason.ts';
import { openReconfigurations } from './reconfigurations.ts';
import type { AskedReconfiguration, BatchSettings } from './reconfigurations.ts';

export interface FollowInput {
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

/** What is walked: all members, or some of them again. */
export interface Walk {
  readonly canary: number | undefined;
  readonly retry: Retry | undefined;
}

/** What became of a batch. */
export interface SentBatch {
  /** Ids that are nobody's. */
  readonly unknown: number;
  /** Members of the job that are rejected now. */
  readonly rejected: number;
  /** Why the job is to stop itself, in the reader's words; null where too few were rejected for that. */
  readonly tooManyRejected: string | null;
  /** Of the batch, those who have to wait until a time; the job sends nobody before it. */
  readonly held?: { readonly members: readonly string[]; readonly untilMs: number } | undefined;
}

/** How the job stands by the ledger. */
export interface Seen {
  readonly rejected: number;
  details(status: ExportStatus): string;
}

/** What a kind of job does at each step; each is an activity or a child workflow of its own. */
export interface FollowSteps<Configuration> {
  readonly walkWorkflowId: string;
  /** Whether a new job begins with a walk. */
  readonly walksFirst: boolean;
  check(): Promise<void>;
  startWalk(walk: Walk): Promise<unknown>;
  send(members: readonly string[]): Promise<SentBatch>;
  /** Fails as long as Responsys does not serve. */
  serves(): Promise<void>;
  reconfigure(change: Reconfiguration<Configuration>): Promise<{ readonly changed: boolean }>;
  recordState(state: ExportState | 'stopped' | 'failed', reason: string): Promise<void>;
  see(): Promise<Seen>;
  /** What is shown before anything was seen. */
  details(status: ExportStatus): string;
  /** The canary of each back-fill; absent where only the first walk of a job has one. */
  canaryOf?(configuration: Configuration): number | undefined;
  /** Messages beside those of every kind. */
  handleMore?(job: Standing, steering: Steering): void;
}

const defaultSignalsPerRun = 1_000;
/** Members that may be carried over: 512 KiB of a payload's 2 MiB, at 64 bytes each. */
const mostCarried = 8_000;
const refreshMs = 30_000;
const scanEndsWithinMs = 2_000;
/** While Responsys does not serve: each refresh adds to the history of a wait that may take days. */
const refreshWhileWaitingMs = 10 * 60_000;

/** @param continueWith ends the run with what the next one begins with */
export async function followAudience<Input extends FollowInput, Configuration extends BatchSettings>(
  input: Input,
  steps: FollowSteps<Configuration>,
  continueWith: (input: Input) => Promise<never>,
): Promise<ExportEnd> {
  const { signalsPerRun = defaultSignalsPerRun, carried } = input;
  let { batchSize, flushIntervalMs } = input;
  const job = openStanding(input.canary, carried, steps.walksFirst);
  if (carried === undefined && steps.canaryOf !== undefined) job.backfillCanary = input.canary;
  const { queue } = job;
  const reconfigurations = openReconfigurations<Configuration>();
  let seen: Seen | undefined;

  const status = (): ExportStatus => statusOf(job, flushIntervalMs);
  const show = (): void => setCurrentDetails((seen ?? steps).details(status()));
  const tellScan = async (signal: SignalDefinition): Promise<void> => {
    // A scan that ended at this moment has nothing left to pause.
    if (job.scanning)
      await getExternalWorkflowHandle(steps.walkWorkflowId)
        .signal(signal)
        .catch(() => undefined);
  };
  const steering = handleMessages(job, status, reconfigurations);
  steps.handleMore?.(job, steering);

  const runIsFull = (): boolean =>
    (workflowInfo().continueAsNewSuggested || job.signals >= signalsPerRun) && queue.size <= mostCarried;
  /** Before its approval, a job with a canary sends that alone; changes are queued. */
  const mayFlush = (): boolean => job.state === 'running' && job.canary === undefined;
  const sends = (): boolean => mayFlush() && Date.now() >= job.heldUntilMs;
  const refreshesAt = (): number =>
    Date.now() + (Date.now() < job.heldUntilMs ? refreshWhileWaitingMs : refreshMs);
  const batchIsDue = (): boolean =>
    queue.size >= batchSize || job.flushAsked || Date.now() >= (flushAtMs(job, flushIntervalMs) ?? Infinity);

  /** They go back into the queue, where the rest waits behind them: also who goes by another id since a merge. */
  function hold(
    batch: QueueEntries,
    held: { readonly members: readonly string[]; readonly untilMs: number },
  ): void {
    const sinceMs = new Map(batch);
    const oldestMs = Math.min(...sinceMs.values());
    const entries = held.members.map((member) => [member, sinceMs.get(member) ?? oldestMs] as const);
    queue.putBack(entries.toSorted(([, one], [, other]) => one - other));
    job.heldUntilMs = held.untilMs;
  }

  async function refresh(): Promise<void> {
    seen = await steps.see().catch(() => seen);
    noteRejected(seen?.rejected ?? 0);
    show();
  }

  function noteRejected(rejected: number): void {
    if (job.anyRejected === rejected > 0) return;
    job.anyRejected = rejected > 0;
    upsertSearchAttributes([{ key: hasRejected, value: job.anyRejected }]);
  }

  /** Tells the store and the scan of a state that is new. */
  async function tellState(): Promise<void> {
    job.stateChanged = false;
    if (job.state !== job.told) {
      job.told = job.state;
      // First the store: the scan that goes on is to find a mended fuse.
      await steps.recordState(job.told === 'checking' ? 'running' : job.told, job.reason);
      await tellScan(signalOf(job.told));
    }
    await refresh();
  }

  /**
   * A step may wait out a throttled minute, or a retry: what is shown is to say so, and a pause or a stop is not
   * to wait for it with the scan.
   */
  async function meanwhile<Result>(step: Promise<Result>): Promise<Result> {
    const wait = { isOver: false };
    const over = (): void => {
      wait.isOver = true;
    };
    void step.then(over, over);
    const woken = (): boolean => wait.isOver || job.stateChanged;
    for (;;) {
      const isWoken = await condition(woken, refreshMs, { summary: 'refresh what is shown' });
      if (wait.isOver) return step;
      await (isWoken ? tellState() : refresh());
    }
  }

  async function startScan(): Promise<void> {
    job.scanAsked = false;
    job.scanning = true;
    job.scanVersion = job.version;
    show();
    try {
      await steps.startWalk({ canary: job.canary, retry: job.retry });
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
      const sent = await meanwhile(steps.send(batch.map(([member]) => member)));
      job.refusedItems += sent.unknown;
      noteRejected(sent.rejected);
      if (sent.held !== undefined) hold(batch, sent.held);
      job.waits = 0;
      if (sent.tooManyRejected !== null && job.state === 'running')
        enter(job, 'parked', sent.tooManyRejected, 'TOO_MANY_REJECTED');
    } catch (error) {
      queue.putBack(batch);
      // It was due, and still is when the job goes on.
      job.flushAsked = true;
      if (isCancellation(error)) throw error;
      if (job.state === 'running') hinder(job, reasonOf(error), codeOf(error), versionThen, Date.now());
    }
  }

  /** Until Responsys serves again, something else is wished, or the run is full. */
  async function waitForResponsys(): Promise<void> {
    const asking = new CancellationScope();
    const asked = asking
      .run(async () => {
        // The next run waits on to the same time: with waits begun anew, so many signals that each run is full before
        // one is over would keep the job waiting for ever.
        await sleep(Math.max(job.asksAtMs - Date.now(), 1));
        await steps.serves();
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
  async function takeConfiguration(asked: AskedReconfiguration<Configuration>): Promise<void> {
    try {
      const { change } = asked;
      const { changed } = await meanwhile(steps.reconfigure(change));
      batchSize = change.configuration.batchSize;
      flushIntervalMs = change.configuration.flushInterval;
      // A number of mails a day that was raised may have room at once.
      job.heldUntilMs = 0;
      if (steps.canaryOf !== undefined) job.backfillCanary = steps.canaryOf(change.configuration);
      if (changed) await (change.backfill ? scanAnew() : tellScan(scanRenewSignal));
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
    askBackfill(job);
  }

  async function follow(): Promise<void> {
    let refreshAt = 0;
    while ((!runIsFull() || reconfigurations.waiting()) && job.state !== 'stopping') {
      const asked = reconfigurations.next();
      if (asked !== undefined) await takeConfiguration(asked);
      if (job.stateChanged) {
        await tellState();
        refreshAt = refreshesAt();
      }
      if (job.state === 'waiting') await waitForResponsys();
      else if (job.state === 'running' && job.scanAsked && !job.scanning) await startScan();
      else if (sends() && batchIsDue()) await sendNext();
      const { oldestMs } = queue;
      const flushAt = (mayFlush() ? flushAtMs(job, flushIntervalMs) : undefined) ?? Infinity;
      const wakeAt = Math.min(flushAt, refreshAt === 0 ? Infinity : refreshAt);
      const woken = (): boolean =>
        job.stateChanged ||
        // Told already, while a step was under way.
        job.state === 'stopping' ||
        job.state === 'waiting' ||
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
      if (refreshAt === 0 && (job.scanning || queue.size > 0)) refreshAt = refreshesAt();
      if (refreshAt !== 0 && Date.now() >= refreshAt) {
        await refresh();
        refreshAt = job.scanning || queue.size > 0 ? refreshesAt() : 0;
      }
    }
  }

  async function finish(why: string): Promise<ExportEnd> {
    reconfigurations.refuseAll('The job stops.');
    await tellScan(scanStopSignal);
    await condition(() => !job.scanning, '10m', { summary: 'the scan comes to its end' });
    const left = queue.size;
    await steps.recordState('stopped', left === 0 ? why : `${why} ${left} changes were left unsent.`);
    await refresh();
    await condition(allHandlersFinished);
    return { left, reason: why };
  }

  try {
    show();
    if (job.state === 'checking') {
      await steps.check();
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
    await steps.recordState('failed', reasonOf(error));
    throw error instanceof Error ? ApplicationFailure.nonRetryable(reasonOf(error), codeOf(error)) : error;
  }
  await condition(allHandlersFinished);
  return continueWith({
    ...input,
    batchSize,
    flushIntervalMs,
    canary: job.canary,
    signalsPerRun,
    carried: carriedOf(job),
  });
}

/** What a scan does while its job is in this state. */
function signalOf(state: ExportState): SignalDefinition {
  if (state === 'running') return scanResumeSignal;
  return state === 'stopping' ? scanStopSignal : scanPauseSignal;
}
