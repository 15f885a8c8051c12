/**
 * Export Audiences to Campaign, as the commands of `jobs` know it.
 */
import type { WorkflowHandle } from '@temporalio/client';
import { leftByCampaign } from '../../jobs/campaign-reconfiguration.ts';
import { exportCampaignSchema } from '../../jobs/export-campaign.ts';
import { exportCampaignWorkflowId } from '../../jobs/job-id.ts';
import { stateInWords } from '../../jobs/state-words.ts';
import { groupMailFailures, readMailCounts } from '../../systems/store/campaign-counts.ts';
import { findCampaignJob, readCampaignJobs } from '../../systems/store/campaign-jobs.ts';
import type { Context } from '../context.ts';
import { checkFile } from '../job-file.ts';
import { retryMembers } from '../jobs/retry.ts';
import { showChanges } from '../jobs/show-difference.ts';
import { steer } from '../jobs/steer.ts';
import { showApplied, showStarted } from '../kinds/applied.ts';
import type { JobKind } from '../kinds/kind.ts';
import { lacking, titles } from '../kinds/lacking.ts';
import { watchExport } from '../kinds/watch.ts';
import { applyCampaign } from './apply.ts';
import { askForCampaign } from './create.ts';
import { showMailFailures } from './failures.ts';
import { showMailHistory } from './history.ts';
import { missedBy, missedInWords, stoppedInWords } from './missed.ts';
import { planCampaignJob } from './plan.ts';
import { showCampaignPlan } from './show-plan.ts';
import { oneLine, showCampaign } from './show-summary.ts';
import { startCampaign } from './start.ts';
import { summariseCampaign } from './summary.ts';

const handleOf = async (context: Context, jobId: string): Promise<WorkflowHandle> =>
  (await context.temporal()).workflow.getHandle(exportCampaignWorkflowId(jobId));

export const campaignKind: JobKind = {
  title: titles['export-campaign'],
  ask: askForCampaign,
  read: (path, content) => {
    const configuration = checkFile(path, content, exportCampaignSchema);
    return Promise.resolve({
      label: configuration.label,
      plan: async (context, output) => {
        const planned = await planCampaignJob(context, configuration);
        showCampaignPlan(output, configuration, planned);
        return planned.faults;
      },
      start: async (context, output) => {
        const job = await startCampaign(await context.store(), await context.temporal(), configuration);
        showStarted(output, context, job, exportCampaignWorkflowId(job.id), job.plan?.warnings);
      },
      apply: async (context, output, agree) => {
        const store = await context.store();
        const there = (await readCampaignJobs(store, configuration.label)).find(
          ({ label }) => label === configuration.label,
        );
        const missed = missedInWords(await missedBy(store, there), configuration);
        const applied = await applyCampaign(context, configuration, (differences) => {
          showChanges(output, differences);
          for (const note of leftByCampaign(differences)) output.line(`Note: ${note}`);
          return agree();
        });
        showApplied(output, applied, applied.job.plan?.warnings);
        if (applied.outcome === 'started-again' && missed !== undefined) output.line(`Note: ${missed}`);
      },
    });
  },
  show: async (context, output, name) => {
    const [store, temporal] = [await context.store(), await context.temporal()];
    showCampaign(output, context, await summariseCampaign(store, temporal, name));
  },
  watch: async (context, output, name, { untilScanned }) => {
    const [store, temporal] = [await context.store(), await context.temporal()];
    const { configuration } = await findCampaignJob(store, name);
    const summary = await watchExport(output, {
      look: () => summariseCampaign(store, temporal, name),
      oneLine,
      until: untilScanned ? 'scanned' : 'ended',
      maySkipScan: !configuration.backfill,
    });
    output.result(summary);
  },
  steer: async (context, output, name, how) => {
    const store = await context.store();
    const job = await findCampaignJob(store, name);
    const status = await steer(await handleOf(context, job.id), job, how);
    output.result({ job: job.id, ...status });
    output.line(`${job.label}: ${stateInWords(status.state)}, ${status.queued} queued.`);
    if (how === 'stop') output.line(stoppedInWords((await readMailCounts(store, job.id)).waiting));
  },
  retry: async (context, output, name, { reason, file }) => {
    if (file !== undefined) throw lacking('export-campaign', 'retry --file', name);
    const store = await context.store();
    const job = await findCampaignJob(store, name);
    const failures = await groupMailFailures(store, job.id);
    await retryMembers(output, await handleOf(context, job.id), job, failures, reason);
  },
  failures: showMailFailures,
  history: showMailHistory,
};
