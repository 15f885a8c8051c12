/**
 * Export Audiences to Campaign: where it fills back, mail the members that are there; then follow the audiences
 * (follow-audience.ts), and mail who enters, once a stay.
 */
import {
  ParentClosePolicy,
  WorkflowIdReusePolicy,
  continueAsNew,
  proxyActivities,
  proxyLocalActivities,
  startChild,
} from '@temporalio/workflow';
import type { CampaignActivities } from '../activities/export-campaign.ts';
import { sendUnknownUpdate } from '../jobs/campaign-messages.ts';
import type { ExportCampaignConfiguration } from '../jobs/export-campaign.ts';
import { walkCampaignWorkflowId } from '../jobs/job-id.ts';
import type { ExportEnd, Reconfiguration } from '../jobs/messages.ts';
import { campaignDetails } from './campaign-details.ts';
import { followAudience } from './follow-audience.ts';
import type { FollowInput } from './follow-audience.ts';
import { walkCampaign } from './walk-campaign.ts';
import { asksWhetherItServes, checks, reads, reconfigures, records, sends } from './step-options.ts';

export interface CampaignInput extends FollowInput {
  /** Whether members that are there already are mailed too. */
  readonly backfill: boolean;
}

const { checkCampaign } = proxyActivities<CampaignActivities>(checks);
const { mailBatch } = proxyActivities<CampaignActivities>(sends);
const { campaignServes } = proxyActivities<CampaignActivities>(asksWhetherItServes);
const { reconfigureCampaign } = proxyActivities<CampaignActivities>(reconfigures);
const { recordCampaignState } = proxyActivities<CampaignActivities>(records);
const { readCampaignProgress } = proxyLocalActivities<CampaignActivities>(reads);

export async function exportCampaign(input: CampaignInput): Promise<ExportEnd> {
  const { jobId } = input;
  return followAudience<CampaignInput, ExportCampaignConfiguration>(
    input,
    {
      walkWorkflowId: walkCampaignWorkflowId(jobId),
      walksFirst: input.backfill,
      check: () =>
        checkCampaign.executeWithOptions({ summary: 'check the configuration against the account' }, [jobId]),
      startWalk: ({ canary, retry }) =>
        startChild(walkCampaign, {
          workflowId: walkCampaignWorkflowId(jobId),
          args: [{ jobId, canary, retry }],
          workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
          // The walk outlives this run: it says by a signal that it has ended.
          parentClosePolicy: ParentClosePolicy.ABANDON,
          staticSummary: retry === undefined ? 'Back-fill' : 'Mails once more',
        }),
      send: async (members) => {
        const { unknown, rejected, tooManyRejected, held } = await mailBatch.executeWithOptions(
          { summary: `mail ${members.length} members` },
          [jobId, members],
        );
        return { unknown, rejected, tooManyRejected, held: held ?? undefined };
      },
      serves: () =>
        campaignServes.executeWithOptions({ summary: 'ask whether Responsys serves again' }, [jobId]),
      reconfigure: (change: Reconfiguration<ExportCampaignConfiguration>) =>
        reconfigureCampaign.executeWithOptions({ summary: 'take a changed configuration' }, [jobId, change]),
      recordState: (state, reason) => recordCampaignState(jobId, state, reason),
      see: async () => {
        const progress = await readCampaignProgress(jobId);
        return {
          rejected: progress.counts.rejected,
          details: (status) => campaignDetails(status, progress),
        };
      },
      details: (status) => campaignDetails(status, undefined),
      canaryOf: ({ canary }) => canary,
      handleMore: (job, steering) => {
        const unless = steering.unlessScanning('Mails are being sent already; do it when that is done.');
        steering.steer(sendUnknownUpdate, unless, () => {
          job.retry = { unknown: true };
          job.scanAsked = true;
        });
      },
    },
    (next) => continueAsNew<typeof exportCampaign>(next),
  );
}
