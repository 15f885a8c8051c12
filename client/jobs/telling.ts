/**
 * Tells a job's workflow something, and says in the reader's words why it would not have it.
 */
import { WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import type { WorkflowHandle } from '@temporalio/client';
import { ExpectedError } from '../../jobs/errors.ts';

/** @throws ExpectedError NOT_NOW with the job's own words, or where its workflow no longer runs */
export async function telling<Status>(
  handle: WorkflowHandle,
  job: { readonly label: string; readonly state: string },
  tell: (handle: WorkflowHandle) => Promise<Status>,
): Promise<Status> {
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
