/**
 * How long a step tries a service that does not serve, before its job waits instead: for ever, and it would
 * only look busy.
 */
import { ApplicationFailure, activityInfo } from '@temporalio/activity';

/** How often a step meets a service that does not serve before its job waits instead. */
export const patientAttempts = 3;

/** A service that does not serve is not tried again by the step for ever: the job is to know that it waits. */
export function endPatience(failed: Error, attempts: number): Error {
  if (!(failed instanceof ApplicationFailure) || failed.type !== 'SERVICE_UNAVAILABLE') return failed;
  if (activityInfo().attempt < attempts) return failed;
  return ApplicationFailure.nonRetryable(failed.message, failed.type);
}
