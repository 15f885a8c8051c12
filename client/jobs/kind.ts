/**
 * Export Audience, as the commands of `jobs` know it.
 */
import { exportAudienceSchema } from '../../jobs/export-audience.ts';
import { exportAudienceWorkflowId } from '../../jobs/job-id.ts';
import { stateInWords } from '../../jobs/state-words.ts';
import { findJob } from '../../systems/store/jobs.ts';
import { checkFile } from '../job-file.ts';
import { showApplied, showStarted } from '../kinds/applied.ts';
import type { JobKind } from '../kinds/kind.ts';
import { applyJob } from './apply.ts';
import { askForJob } from './create.ts';
import { planJob } from './plan.ts';
import { retryMembers } from './retry.ts';
import { showDifferences } from './show-difference.ts';
import { showPlan } from './show-plan.ts';
import { showSummary } from './show-summary.ts';
import { startJob } from './start.ts';
import { steer } from './steer.ts';
import { summariseJob } from './summary.ts';
import { watchJob } from './watch.ts';

export const exportKind: JobKind = {
  title: 'Export Audience',
  ask: askForJob,
  read: (path, content) => {
    const configuration = checkFile(path, content, exportAudienceSchema);
    return Promise.resolve({
      label: configuration.label,
      plan: async (context, output) => {
        const planned = await planJob(context, configuration);
        showPlan(output, configuration, planned);
        return planned.faults;
      },
      start: async (context, output) => {
        const job = await startJob(await context.store(), await context.temporal(), configuration);
        showStarted(output, context, job, exportAudienceWorkflowId(job.id), job.plan?.warnings);
      },
      apply: async (context, output, agree) => {
        const applied = await applyJob(context, configuration, (differences) => {
          showDifferences(output, differences);
          return agree();
        });
        showApplied(output, applied, applied.job.plan?.warnings);
      },
    });
  },
  show: async (context, output, name) => {
    showSummary(output, context, await summariseJob(await context.store(), await context.temporal(), name));
  },
  watch: async (context, output, name, { untilScanned }) => {
    const until = untilScanned ? 'scanned' : 'ended';
    output.result(await watchJob(await context.store(), await context.temporal(), name, output, until));
  },
  steer: async (context, output, name, how) => {
    const job = await findJob(await context.store(), name);
    const handle = (await context.temporal()).workflow.getHandle(exportAudienceWorkflowId(job.id));
    const status = await steer(handle, job, how);
    output.result({ job: job.id, ...status });
    output.line(`${job.label}: ${stateInWords(status.state)}, ${status.queued} queued.`);
  },
  retry: (context, output, name, { reason }) => retryMembers(context, output, name, reason),
};
