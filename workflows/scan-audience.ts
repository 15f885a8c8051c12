/**
 * Walks all members of a job's source audience once. Its own workflow, so that a scan of millions has its
 * own small history; the walk is one activity whose position stands in the store.
 */
import {
  ActivityCancellationType,
  CancellationScope,
  condition,
  getExternalWorkflowHandle,
  isCancellation,
  proxyActivities,
  setHandler,
} from '@temporalio/workflow';
import type { ExportActivities } from '../activities/export-audience.ts';
import { exportAudienceWorkflowId } from '../jobs/job-id.ts';
import { scanEndedSignal, scanPauseSignal, scanResumeSignal, scanStopSignal } from '../jobs/messages.ts';
import type { Retry, ScanEnded } from '../jobs/messages.ts';
import { codeOf, reasonOf } from './reason.ts';

const { scanAudience: walkAudience } = proxyActivities<ExportActivities>({
  // Of one attempt: however long Responsys does not serve, the walk goes on from its position.
  startToCloseTimeout: '30 days',
  heartbeatTimeout: '30s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '2m' },
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
});
const { beginScan, beginRetry, abandonScan, readCanary } = proxyActivities<ExportActivities>({
  startToCloseTimeout: '10m',
  heartbeatTimeout: '30s',
});

export interface ScanInput {
  readonly jobId: string;
  /** Only so many members are sent, and the rest when another scan goes on. */
  readonly canary?: number | undefined;
  /** Not the audience: the job's rejected members again. */
  readonly retry?: Retry | undefined;
}

export async function scanAudience({ jobId, canary, retry }: ScanInput): Promise<ScanEnded> {
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

  const ended = await (async (): Promise<ScanEnded> => {
    try {
      const begin =
        retry === undefined
          ? beginScan.executeWithOptions({ summary: 'take the members to scan' }, [jobId])
          : beginRetry.executeWithOptions({ summary: 'take the rejected members' }, [jobId, retry]);
      const { scanId, total } = await begin;
      const upTo = Math.min(canary ?? total, total);
      for (;;) {
        await condition(() => !wish.pause || wish.stop);
        if (wish.stop) {
          await abandonScan(scanId);
          return { outcome: 'stopped' };
        }
        try {
          walking = new CancellationScope();
          await walking.run(() =>
            walkAudience.executeWithOptions({ summary: `send ${upTo} members` }, [
              jobId,
              scanId,
              canary ?? null,
            ]),
          );
          if (canary === undefined) return { outcome: 'done' };
          return { outcome: 'canary', reason: await readCanary(jobId) };
        } catch (error) {
          // Paused or stopped: the walk has written what it had under way, and goes on from there.
          if (!isCancellation(error) || CancellationScope.current().consideredCancelled) throw error;
        }
      }
    } catch (error) {
      if (isCancellation(error)) throw error;
      return { outcome: 'failed', reason: reasonOf(error), code: codeOf(error) };
    }
  })();
  await getExternalWorkflowHandle(exportAudienceWorkflowId(jobId)).signal(scanEndedSignal, ended);
  return ended;
}
