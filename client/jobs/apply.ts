/** Makes an Export Audience job as its file says. */
import { findNamedAudiences } from '../../activities/account-planning.ts';
import type { ExportAudienceConfiguration } from '../../jobs/export-audience.ts';
import { exportAudienceWorkflowId, scanAudienceWorkflowId } from '../../jobs/job-id.ts';
import { reconfigureUpdate } from '../../jobs/messages.ts';
import { differencesOf, fixedFaults } from '../../jobs/reconfiguration.ts';
import type { Difference } from '../../jobs/reconfiguration.ts';
import { configurationNow, findLabelledJob, restartRevision } from '../../systems/store/job-configuration.ts';
import { findJob } from '../../systems/store/jobs.ts';
import type { Job } from '../../systems/store/jobs.ts';
import type { Context } from '../context.ts';
import type { Applied } from '../kinds/applied.ts';
import { applyRevision } from '../kinds/apply.ts';
import { refuseFaults } from '../kinds/account-checks.ts';
import { checkJob } from './plan.ts';
import { launch, startJob } from './start.ts';

/** @param agree asked before a job that is there is changed; throws or says no where it is not to be */
export async function applyJob(
  context: Context,
  configuration: ExportAudienceConfiguration,
  agree: (differences: readonly Difference[]) => Promise<boolean>,
): Promise<Applied<Job, Difference>> {
  const [store, temporal] = [await context.store(), await context.temporal()];
  return applyRevision(
    {
      store,
      configuration,
      reconfigure: reconfigureUpdate,
      sendsAgain: true,
      handleOf: (id) => temporal.workflow.getHandle(exportAudienceWorkflowId(id)),
      walkOf: (id) => temporal.workflow.getHandle(scanAudienceWorkflowId(id)),
      find: () => findLabelledJob(store, configuration.label),
      read: (id) => findJob(store, id),
      differencesOf: async (job) => differencesOf(await configurationNow(store, job), configuration),
      fixedFaults,
      start: () => startJob(store, temporal, configuration),
      launch: (job) => launch(store, temporal, job),
      refuseUnfit: async () => refuseFaults((await checkJob(context, configuration)).faults),
      restart: async (job, revision) => {
        const { source, exported } = await findNamedAudiences(store, configuration);
        if (source === undefined) return false;
        return restartRevision(store, {
          jobId: job.id,
          from: job.revision,
          to: revision,
          configuration,
          plan: job.plan,
          sourceAudienceId: source.id,
          exportedAudienceIds: exported.map(({ id }) => id),
        });
      },
    },
    agree,
  );
}
