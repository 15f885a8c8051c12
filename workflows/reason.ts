/**
 * What went wrong, in the reader's words: the message of the innermost failure, which activities write for
 * people.
 */
import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/workflow';

export function reasonOf(error: unknown): string {
  if (error instanceof ActivityFailure && error.cause !== undefined) return reasonOf(error.cause);
  if (error instanceof ApplicationFailure) return error.message;
  if (error instanceof TimeoutFailure) return 'A step took longer than it may.';
  return error instanceof Error ? error.message : String(error);
}
