/** Makes an Export Audiences to Campaign job as its file says. Applied again it mails nobody a second time. */
import { findCampaignAudiences } from '../../activities/campaign-account.ts';
import { reconfigureCampaignUpdate } from '../../jobs/campaign-messages.ts';
import { campaignDifferences, fixedCampaignFaults } from '../../jobs/campaign-reconfiguration.ts';
import type { CampaignDifference } from '../../jobs/campaign-reconfiguration.ts';
import { ExpectedError } from '../../jobs/errors.ts';
import type { ExportCampaignConfiguration } from '../../jobs/export-campaign.ts';
import { exportCampaignWorkflowId, walkCampaignWorkflowId } from '../../jobs/job-id.ts';
import {
  campaignConfigurationNow,
  findCampaignJob,
  readCampaignJobs,
  restartCampaignRevision,
} from '../../systems/store/campaign-jobs.ts';
import type { CampaignJob } from '../../systems/store/campaign-jobs.ts';
import type { Pool } from '../../systems/store/database.ts';
import { kindOfJob } from '../../systems/store/jobs.ts';
import type { Context } from '../context.ts';
import { refuseFaults } from '../kinds/account-checks.ts';
import type { Applied } from '../kinds/applied.ts';
import { applyRevision } from '../kinds/apply.ts';
import { checkCampaign } from './plan.ts';
import { launchCampaign, startCampaign } from './start.ts';

/** @param agree asked before a job that is there is changed; throws or says no where it is not to be */
export async function applyCampaign(
  context: Context,
  configuration: ExportCampaignConfiguration,
  agree: (differences: readonly CampaignDifference[]) => Promise<boolean>,
): Promise<Applied<CampaignJob, CampaignDifference>> {
  const [store, temporal] = [await context.store(), await context.temporal()];
  return applyRevision(
    {
      store,
      configuration,
      reconfigure: reconfigureCampaignUpdate,
      sendsAgain: false,
      handleOf: (id) => temporal.workflow.getHandle(exportCampaignWorkflowId(id)),
      walkOf: (id) => temporal.workflow.getHandle(walkCampaignWorkflowId(id)),
      find: () => findLabelled(store, configuration.label),
      read: (id) => findCampaignJob(store, id),
      differencesOf: async (job) =>
        campaignDifferences(await campaignConfigurationNow(store, job), configuration),
      fixedFaults: fixedCampaignFaults,
      start: () => startCampaign(store, temporal, configuration),
      launch: (job) => launchCampaign(store, temporal, job),
      refuseUnfit: async () => refuseFaults((await checkCampaign(context, configuration)).faults),
      restart: async ({ id, revision, plan }, to) => {
        const { found } = await findCampaignAudiences(store, configuration);
        const audienceIds = found.map((audience) => audience.id);
        return restartCampaignRevision(store, {
          jobId: id,
          from: revision,
          to,
          configuration,
          plan,
          audienceIds,
        });
      },
    },
    agree,
  );
}

/** @throws ExpectedError NOT_NOW where another kind of job is called so */
async function findLabelled(store: Pool, label: string): Promise<CampaignJob | undefined> {
  const job = (await readCampaignJobs(store, label)).find((one) => one.label === label);
  const kind = await kindOfJob(store, label);
  if (job === undefined && kind !== undefined)
    throw new ExpectedError('NOT_NOW', `job: "${label}" is of the kind ${kind}; this is a campaign job.`);
  return job;
}
