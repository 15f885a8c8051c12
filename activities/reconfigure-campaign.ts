/**
 * Gives a campaign job another configuration, as reconfigure.ts does it for an export. Nobody is mailed again
 * for it.
 */
import { campaignDifferences, fixedCampaignFaults } from '../jobs/campaign-reconfiguration.ts';
import { needsCheck } from '../jobs/change-effects.ts';
import type { ExportCampaignConfiguration } from '../jobs/export-campaign.ts';
import type { Reconfiguration } from '../jobs/messages.ts';
import type { Responsys } from '../systems/responsys/index.ts';
import { campaignConfigurationNow, saveCampaignRevision } from '../systems/store/campaign-jobs.ts';
import type { CampaignJob } from '../systems/store/campaign-jobs.ts';
import type { Pool } from '../systems/store/database.ts';
import { findCampaignAudiences, settleCampaign } from './campaign-account.ts';
import { changedMeanwhile, refuse } from './reconfigure.ts';
import type { Reconfigured } from './reconfigure.ts';

export async function reconfigureCampaign(
  store: Pool,
  connect: () => Promise<Responsys>,
  job: CampaignJob,
  { configuration, from, to }: Reconfiguration<ExportCampaignConfiguration>,
  signal: AbortSignal,
): Promise<Reconfigured> {
  // This very step has run before, and its end was not heard of.
  if (job.revision === to) return { changed: true };
  const differences = campaignDifferences(await campaignConfigurationNow(store, job), configuration);
  if (differences.length === 0) return { changed: false };
  if (job.revision !== from) throw changedMeanwhile();
  refuse('CHANGE_REFUSED', fixedCampaignFaults(differences));
  const { found: audiences, faults } = await findCampaignAudiences(store, configuration);
  refuse('NOT_FOUND', faults);
  const plan = needsCheck(differences)
    ? await settleCampaign(store, await connect(), configuration, audiences, signal)
    : job.plan;
  const audienceIds = audiences.map(({ id }) => id);
  if (!(await saveCampaignRevision(store, { jobId: job.id, from, to, configuration, plan, audienceIds })))
    throw changedMeanwhile();
  return { changed: true };
}
