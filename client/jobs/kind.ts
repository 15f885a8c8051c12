/**
 * Export Audience, as the commands of `jobs` know it.
 */
import type { WorkflowHandle } from '@temporalio/client';
import { exportAudienceSchema } from '../../jobs/export-audience.ts';
import { exportAudienceWorkflowId } from '../../jobs/job-id.ts';
import { stateInWords } from '../../jobs/state-words.ts';
import { findJob } from '../../systems/store/jobs.ts';
import { groupFailures } from '../../systems/store/ledger.ts';
import type { Context } from '../context.ts';
import { checkFile } from '../job-file.ts';
import { showApplied, showStarted } from '../kinds/applied.ts';
import type { JobKind } from '../kinds/kind.ts';
import { lacking, titles } from '../kinds/lacking.ts';
import { applyJob } from './apply.ts';
import { askForJob } from './create.ts';
import { showFailures } from './failures.ts';
import { showHistory } from './history.ts';
import { planJob } from './plan.ts';
import { retryMembers } from './retry.ts';
import { showDifferences } from './show-difference.ts';
import { showPlan } from './show-plan.ts';
import { showSummary } from './show-summary.ts';
import { startJob } from './start.ts';
import { steer } from './steer.ts';
import { summariseJob } from './summary.ts';
import { watchJob } from './watch.ts';

const handleOf = async (context: Context, jobId: string): Promise<WorkflowHandle> =>
  (await context.temporal()).workflow.getHandle(exportAudienceWorkflowId(jobId));

export const exportKind: JobKind = {
  title: titles['export-audience'],
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
    const status = await steer(await handleOf(context, job.id), job, how);
    output.result({ job: job.id, ...status });
    output.line(`${job.label}: ${stateInWords(status.state)}, ${status.queued} queued.`);
  },
  retry: async (context, output, name, { reason, file }) => {
    if (file !== undefined) throw lacking('export-audience', 'retry --file', name);
    const store = await context.store();
    const job = await findJob(store, name);
    const failures = await groupFailures(store, job.id);
    await retryMembers(output, await handleOf(context, job.id), job, failures, reason);
  },
  failures: showFailures,
  history: showHistory,
};
