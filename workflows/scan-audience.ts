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
import type { ScanEnded } from '../jobs/messages.ts';
import { reasonOf } from './reason.ts';

const { scanAudience: walkAudience } = proxyActivities<ExportActivities>({
  scheduleToCloseTimeout: '30 days',
  startToCloseTimeout: '30 days',
  heartbeatTimeout: '30s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '2m' },
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
});
const { beginScan, abandonScan } = proxyActivities<ExportActivities>({
  startToCloseTimeout: '10m',
  heartbeatTimeout: '30s',
});

export async function scanAudience({ jobId }: { readonly jobId: string }): Promise<ScanEnded> {
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
      const { scanId, total } = await beginScan.executeWithOptions({ summary: 'take the members to scan' }, [
        jobId,
      ]);
      for (;;) {
        await condition(() => !wish.pause || wish.stop);
        if (wish.stop) {
          await abandonScan(scanId);
          return { outcome: 'stopped' };
        }
        try {
          walking = new CancellationScope();
          await walking.run(() =>
            walkAudience.executeWithOptions({ summary: `send ${total} members` }, [jobId, scanId]),
          );
          return { outcome: 'done' };
        } catch (error) {
          // Paused or stopped: the walk has written what it had under way, and goes on from there.
          if (!isCancellation(error) || CancellationScope.current().consideredCancelled) throw error;
        }
      }
    } catch (error) {
      if (isCancellation(error)) throw error;
      return { outcome: 'failed', reason: reasonOf(error) };
    }
  })();
  await getExternalWorkflowHandle(exportAudienceWorkflowId(jobId)).signal(scanEndedSignal, ended);
  return ended;
}
