/**
 * Steers a running job: pause, resume, flush, backfill, approve, retry, stop.
 */
import type { Client, WorkflowHandle } from '@temporalio/client';
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
import type { Steering } from '../kinds/kind.ts';
import { telling } from './telling.ts';

const updates = {
  pause: pauseUpdate,
  resume: resumeUpdate,
  flush: flushUpdate,
  backfill: backfillUpdate,
  approve: approveUpdate,
  stop: stopUpdate,
} as const satisfies Record<Steering, unknown>;

const handleOf = (temporal: Client, jobId: string): WorkflowHandle =>
  temporal.workflow.getHandle(exportAudienceWorkflowId(jobId));

/** @throws ExpectedError NOT_NOW with the job's own words */
export const steer = (temporal: Client, job: Job, how: Steering): Promise<ExportStatus> =>
  telling(handleOf(temporal, job.id), job, (handle) => handle.executeUpdate(updates[how]));

/** Has rejected members sent again: all, or those of one reason. @throws as `steer` */
export const retryRejected = (
  temporal: Client,
  job: Job,
  reason: string | undefined,
): Promise<ExportStatus> =>
  telling(handleOf(temporal, job.id), job, (handle) =>
    handle.executeUpdate(retryUpdate, { args: [reason === undefined ? {} : { reason }] }),
  );

/** The workflow's own status, or undefined where it has ended or no worker answers. */
export async function liveStatus(temporal: Client, jobId: string): Promise<ExportStatus | undefined> {
  try {
    return await temporal.withDeadline(Date.now() + 5_000, () =>
      handleOf(temporal, jobId).query(statusQuery),
    );
  } catch {
    return undefined;
  }
}
