/**
 * Walks all members of an export's source audience once, or its rejected members again.
 */
import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';
import type { ExportActivities } from '../activities/export-audience.ts';
import { exportAudienceWorkflowId } from '../jobs/job-id.ts';
import type { Retry, ScanEnded } from '../jobs/messages.ts';
import { walkMembers } from './walk-members.ts';

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

export const scanAudience = ({ jobId, canary, retry }: ScanInput): Promise<ScanEnded> =>
  walkMembers(exportAudienceWorkflowId(jobId), canary, {
    begin: () =>
      retry === undefined
        ? beginScan.executeWithOptions({ summary: 'take the members to scan' }, [jobId])
        : beginRetry.executeWithOptions({ summary: 'take the rejected members' }, [jobId, retry]),
    walk: (scanId, upTo) =>
      walkAudience.executeWithOptions({ summary: `send ${upTo} members` }, [jobId, scanId, canary ?? null]),
    abandon: (scanId) => abandonScan(scanId),
    readCanary: () => readCanary(jobId),
  });
