/**
 * Steers a running job: pause, resume, flush, backfill, approve, retry, stop.
 */
import { WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { ExpectedError } from '../../jobs/errors.ts';
import { exportAudienceWorkflowId } from '../../jobs/job-id.ts';
import {
  approveUpdate,
  backfillUpdate,
  flushUpdate,
  pauseUpdate,
  resumeUpdate,
  retryUpdate,
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
  approve: { update: approveUpdate, does: 'after the canary, send the rest' },
  stop: { update: stopUpdate, does: 'finish what is in flight, say what is left, and end' },
} as const;

/** @throws ExpectedError NOT_NOW with the job's own words, NO_WORKER */
export const steer = (temporal: Client, job: Job, how: keyof typeof steerings): Promise<ExportStatus> =>
  telling(temporal, job, (handle) => handle.executeUpdate(steerings[how].update));

/** Has rejected members sent again: all, or those of one reason. @throws as `steer` */
export const retryRejected = (
  temporal: Client,
  job: Job,
  reason: string | undefined,
): Promise<ExportStatus> =>
  telling(temporal, job, (handle) =>
    handle.executeUpdate(retryUpdate, { args: [reason === undefined ? {} : { reason }] }),
  );

async function telling(
  temporal: Client,
  job: Job,
  tell: (handle: WorkflowHandle) => Promise<ExportStatus>,
): Promise<ExportStatus> {
  const handle = temporal.workflow.getHandle(exportAudienceWorkflowId(job.id));
  try {
    return await tell(handle);
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
