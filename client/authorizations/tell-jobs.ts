/**
 * Tells the jobs of an authorization that it was updated: those that it had parked go on, others take note.
 */
import { WorkflowNotFoundError } from '@temporalio/client';
import type { Client } from '@temporalio/client';
import { workflowIdOfJob } from '../../jobs/job-id.ts';
import { authorizationUpdatedSignal } from '../../jobs/messages.ts';
import type { AuthorizationSummary } from '../../systems/store/authorizations.ts';
import type { Pool } from '../../systems/store/database.ts';
import { livingJobsOf } from '../../systems/store/jobs.ts';

/** @param temporal asked for only where there is a job. @returns how many jobs were told */
export async function tellJobsOfUpdate(
  store: Pool,
  temporal: () => Promise<Client>,
  { id, version }: AuthorizationSummary,
): Promise<number> {
  let told = 0;
  for (const { id: jobId, kind } of await livingJobsOf(store, id)) {
    const handle = (await temporal()).workflow.getHandle(workflowIdOfJob(kind, jobId));
    try {
      await handle.signal(authorizationUpdatedSignal, { version });
      told += 1;
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    }
  }
  return told;
}
