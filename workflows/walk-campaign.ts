/**
 * Mails the members that a campaign job's audiences have already, or once more those who were rejected or whose
 * mail is of unknown fate. In the bulk lane: who enters meanwhile does not wait behind them.
 */
import { proxyActivities } from '@temporalio/workflow';
import type { CampaignActivities } from '../activities/export-campaign.ts';
import { exportCampaignWorkflowId } from '../jobs/job-id.ts';
import type { ScanEnded } from '../jobs/messages.ts';
import type { ScanInput } from './scan-audience.ts';
import { walkMembers } from './walk-members.ts';
import { preparesWalks, walks } from './step-options.ts';

const { walkCampaign: walk } = proxyActivities<CampaignActivities>(walks);
const { beginCampaignWalk, abandonCampaignWalk, readMailCanary } =
  proxyActivities<CampaignActivities>(preparesWalks);

export const walkCampaign = ({ jobId, canary, retry }: ScanInput): Promise<ScanEnded> =>
  walkMembers(exportCampaignWorkflowId(jobId), canary, {
    begin: () =>
      beginCampaignWalk.executeWithOptions({ summary: `take the ${takenBy(retry)}` }, [jobId, retry ?? null]),
    walk: (scanId, upTo, first) =>
      walk.executeWithOptions({ summary: `mail ${upTo} members` }, [jobId, scanId, first ?? null]),
    abandon: (scanId) => abandonCampaignWalk(scanId),
    readCanary: () => readMailCanary(jobId),
    // A second back-fill of a job that mails: those who enter are not to wait for it.
    approvesNobody: true,
  });

const takenBy = (retry: ScanInput['retry']): string => {
  if (retry === undefined) return 'members to mail';
  return retry.unknown === true ? 'mails of unknown fate' : 'rejected members';
};
