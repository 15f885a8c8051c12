/**
 * Steers a running export, to lists or to a campaign: pause, resume, flush, backfill, approve, retry, stop.
 */
import type { WorkflowHandle } from '@temporalio/client';
import {
  approveUpdate,
  backfillUpdate,
  flushUpdate,
  pauseUpdate,
  resumeUpdate,
  retryUpdate,
  stopUpdate,
} from '../../jobs/messages.ts';
import type { ExportStatus } from '../../jobs/messages.ts';
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

interface Named {
  readonly label: string;
  readonly state: string;
}

/** @throws ExpectedError NOT_NOW with the job's own words */
export const steer = (handle: WorkflowHandle, job: Named, how: Steering): Promise<ExportStatus> =>
  telling(handle, job, () => handle.executeUpdate(updates[how]));

/** Has rejected members sent again: all, or those of one reason. @throws as `steer` */
export const retryRejected = (
  handle: WorkflowHandle,
  job: Named,
  reason: string | undefined,
): Promise<ExportStatus> =>
  telling(handle, job, () =>
    handle.executeUpdate(retryUpdate, { args: [reason === undefined ? {} : { reason }] }),
  );
