/**
 * A walk through members of a job, together: its own workflow, so that one of millions has its own small
 * history. It is one activity, whose position stands in the store; paused, it goes on from there. The job is
 * told by a signal that it has ended.
 */
import {
  ActivityFailure,
  CancellationScope,
  TimeoutFailure,
  condition,
  getExternalWorkflowHandle,
  isCancellation,
  setHandler,
} from '@temporalio/workflow';
import {
  scanEndedSignal,
  scanPauseSignal,
  scanRenewSignal,
  scanResumeSignal,
  scanStopSignal,
} from '../jobs/messages.ts';
import type { ScanEnded } from '../jobs/messages.ts';
import { codeOf, reasonOf } from './reason.ts';

/** What a kind of job does at each step; each is an activity. */
export interface WalkSteps {
  begin(): Promise<{ readonly scanId: string; readonly total: number }>;
  /**
   * @param upTo how many members, where that is known; for people to read
   * @param canary to stop at, before the end
   */
  walk(scanId: string, upTo: number, canary: number | undefined): Promise<void>;
  abandon(scanId: string): Promise<void>;
  readCanary(): Promise<string>;
  /** Whether a walk through nobody is over without an approval. */
  readonly approvesNobody?: boolean;
}

/** @param canary only so many members are sent, and the rest when another walk goes on */
export async function walkMembers(
  jobWorkflowId: string,
  canary: number | undefined,
  steps: WalkSteps,
): Promise<ScanEnded> {
  const wish = { pause: false, stop: false };
  let walking: CancellationScope | undefined;
  setHandler(scanPauseSignal, () => {
    wish.pause = true;
    walking?.cancel();
  });
  setHandler(scanResumeSignal, () => {
    wish.pause = false;
  });
  setHandler(scanStopSignal, () => {
    wish.stop = true;
    walking?.cancel();
  });
  // Begun anew it reads the job as it is now, also where it waits for its next attempt.
  setHandler(scanRenewSignal, () => walking?.cancel());

  const ended = await (async (): Promise<ScanEnded> => {
    try {
      const { scanId, total } = await steps.begin();
      const first = total === 0 && steps.approvesNobody ? undefined : canary;
      const upTo = Math.min(first ?? total, total);
      for (;;) {
        await condition(() => !wish.pause || wish.stop);
        if (wish.stop) {
          await steps.abandon(scanId);
          return { outcome: 'stopped' };
        }
        try {
          walking = new CancellationScope();
          await walking.run(() => steps.walk(scanId, upTo, first));
          if (first === undefined) return { outcome: 'done' };
          return { outcome: 'canary', reason: await steps.readCanary() };
        } catch (error) {
          // Paused, stopped or to be begun anew: the walk has written what it had under way, and goes on from there.
          if (!endsAsAsked(error, walking) || CancellationScope.current().consideredCancelled) throw error;
        }
      }
    } catch (error) {
      if (isCancellation(error)) throw error;
      return { outcome: 'failed', reason: reasonOf(error), code: codeOf(error) };
    }
  })();
  // A job that was terminated has nobody to be told.
  await getExternalWorkflowHandle(jobWorkflowId)
    .signal(scanEndedSignal, ended)
    .catch((error: unknown) => {
      if (isCancellation(error)) throw error;
    });
  return ended;
}

/**
 * Of a step that was asked to end, Temporal makes no other attempt: neither where its worker died before it could
 * say so, nor where it failed in a way that is tried again.
 */
const endsAsAsked = (error: unknown, walking: CancellationScope | undefined): boolean =>
  isCancellation(error) ||
  (walking?.consideredCancelled === true &&
    error instanceof ActivityFailure &&
    (error.cause instanceof TimeoutFailure || error.retryState === 'CANCEL_REQUESTED'));
