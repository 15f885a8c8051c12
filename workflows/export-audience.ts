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
import { asksWhetherItServes, checks, reads, reconfigures, records, sends } from './step-options.ts';

export type ExportInput = FollowInput;

const { checkConfiguration } = proxyActivities<ExportActivities>(checks);
const { sendBatch } = proxyActivities<ExportActivities>(sends);
const { responsysServes } = proxyActivities<ExportActivities>(asksWhetherItServes);
const { reconfigure } = proxyActivities<ExportActivities>(reconfigures);
const { recordState } = proxyActivities<ExportActivities>(records);
const { readProgress } = proxyLocalActivities<ExportActivities>(reads);

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
