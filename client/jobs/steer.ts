/**
 * Steers a running job: pause, resume, flush, backfill, stop.
 */
import { WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import type { Client } from '@temporalio/client';
import { ExpectedError } from '../../jobs/errors.ts';
import { exportAudienceWorkflowId } from '../../jobs/job-id.ts';
import {
  backfillUpdate,
  flushUpdate,
  pauseUpdate,
  resumeUpdate,
  statusQuery,
  stopUpdate,
} from '../../jobs/messages.ts';
import type { ExportStatus } from '../../jobs/messages.ts';
import type { Job } from '../../systems/store/jobs.ts';

export const steerings = {
  pause: { update: pauseUpdate, does: 'send nothing until it is resumed; changes are queued' },
  resume: { update: resumeUpdate, does: 'go on after a pause, or after what parked it was mended' },
  flush: { update: flushUpdate, does: 'send what is queued at once' },
  backfill: { update: backfillUpdate, does: 'scan the audience again' },
  stop: { update: stopUpdate, does: 'finish what is in flight, say what is left, and end' },
} as const;

/** @throws ExpectedError NOT_NOW with the job's own words, NO_WORKER */
export async function steer(temporal: Client, job: Job, how: keyof typeof steerings): Promise<ExportStatus> {
  const handle = temporal.workflow.getHandle(exportAudienceWorkflowId(job.id));
  try {
    return await handle.executeUpdate(steerings[how].update);
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError)
      throw new ExpectedError('NOT_NOW', error.cause?.message ?? error.message);
    if (error instanceof WorkflowNotFoundError)
      throw new ExpectedError(
        'NOT_NOW',
        `The job "${job.label}" is ${job.state}: its workflow no longer runs.`,
      );
    throw error;
  }
}

/** The workflow's own status, or undefined where it has ended or no worker answers. */
export async function liveStatus(temporal: Client, jobId: string): Promise<ExportStatus | undefined> {
  try {
    return await temporal.withDeadline(Date.now() + 5_000, () =>
      temporal.workflow.getHandle(exportAudienceWorkflowId(jobId)).query(statusQuery),
    );
  } catch {
    return undefined;
  }
}
