/**
 * Export Audience: scan the audience, then follow it (follow-audience.ts), sending members to the profile list
 * and its tables.
 */
import {
  ParentClosePolicy,
  WorkflowIdReusePolicy,
  continueAsNew,
  proxyActivities,
  proxyLocalActivities,
  startChild,
} from '@temporalio/workflow';
import type { ExportActivities } from '../activities/export-audience.ts';
import type { ExportAudienceConfiguration } from '../jobs/export-audience.ts';
import { scanAudienceWorkflowId } from '../jobs/job-id.ts';
import type { ExportEnd } from '../jobs/messages.ts';
import { exportDetails } from './export-details.ts';
import { followAudience } from './follow-audience.ts';
import type { FollowInput } from './follow-audience.ts';
import { scanAudience } from './scan-audience.ts';

export type ExportInput = FollowInput;

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
  const { jobId } = input;
  return followAudience<ExportInput, ExportAudienceConfiguration>(
    input,
    {
      walkWorkflowId: scanAudienceWorkflowId(jobId),
      walksFirst: true,
      check: () =>
        checkConfiguration.executeWithOptions({ summary: 'check the configuration against the account' }, [
          jobId,
        ]),
      startWalk: ({ canary, retry }) =>
        startChild(scanAudience, {
          workflowId: scanAudienceWorkflowId(jobId),
          args: [{ jobId, canary, retry }],
          workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
          // The scan outlives this run: it says by a signal that it has ended.
          parentClosePolicy: ParentClosePolicy.ABANDON,
          staticSummary: retry === undefined ? 'Scan of the audience' : 'Rejected members again',
        }),
      send: async (members) => {
        const { unknown, counts, tooManyRejected } = await sendBatch.executeWithOptions(
          { summary: `send ${members.length} changed members` },
          [jobId, members],
        );
        return { unknown, rejected: counts.rejected, tooManyRejected };
      },
      serves: () =>
        responsysServes.executeWithOptions({ summary: 'ask whether Responsys serves again' }, [jobId]),
      reconfigure: (change) =>
        reconfigure.executeWithOptions({ summary: 'take a changed configuration' }, [jobId, change]),
      recordState: (state, reason) => recordState(jobId, state, reason),
      see: async () => {
        const progress = await readProgress(jobId);
        return {
          rejected: progress.counts.rejected,
          details: (status) => exportDetails(status, progress),
        };
      },
      details: (status) => exportDetails(status, undefined),
    },
    (next) => continueAsNew<typeof exportAudience>(next),
  );
}
