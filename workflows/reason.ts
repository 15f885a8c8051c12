/**
 * What went wrong: in the reader's words, which are the message of the innermost failure, as activities write
 * it for people; and as a code.
 */
import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/workflow';

export function reasonOf(error: unknown): string {
  if (error instanceof ActivityFailure && error.cause !== undefined) return reasonOf(error.cause);
  if (error instanceof ApplicationFailure) return error.message;
  if (error instanceof TimeoutFailure) return 'A step took longer than it may.';
  return error instanceof Error ? error.message : String(error);
}

/** The code of ours that the failure of an activity has. */
export function codeOf(error: unknown): string {
  const { cause } = error instanceof Error ? error : {};
  return cause instanceof ApplicationFailure ? (cause.type ?? 'UNEXPECTED') : 'UNEXPECTED';
}
