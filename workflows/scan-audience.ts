/**
 * Walks all members of an export's source audience once, or its rejected members again.
 */
import { proxyActivities } from '@temporalio/workflow';
import type { ExportActivities } from '../activities/export-audience.ts';
import { exportAudienceWorkflowId } from '../jobs/job-id.ts';
import type { Retry, ScanEnded } from '../jobs/messages.ts';
import { walkMembers } from './walk-members.ts';
import { preparesWalks, walks } from './step-options.ts';

const { scanAudience: walkAudience } = proxyActivities<ExportActivities>(walks);
const { beginScan, beginRetry, abandonScan, readCanary } = proxyActivities<ExportActivities>(preparesWalks);

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
