/**
 * How every step of a job runs: it beats while it works, and what goes wrong is logged without a value, kept
 * for `jobs show`, and crosses into the workflow as a code.
 */
import { setLastError } from '../systems/store/jobs.ts';
import { beating } from './beating.ts';
import type { Means } from './connections.ts';
import { asFailure } from './failures.ts';

/** @param failureOf what the workflow is to see of an error */
export async function runStep<Result>(
  { store, log }: Pick<Means, 'store' | 'log'>,
  jobId: string,
  work: () => Promise<Result>,
  failureOf: (error: unknown) => Error = asFailure,
): Promise<Result> {
  try {
    return await beating(work);
  } catch (error) {
    const failed = failureOf(error);
    if (failed !== error) {
      log.warn(
        { jobId, error: failed.message, cause: error instanceof Error ? error.name : '' },
        'step failed',
      );
      await setLastError(store, jobId, failed.message).catch(() => undefined);
    }
    throw failed;
  }
}
