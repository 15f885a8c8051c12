/**
 * How errors cross into a workflow: as a code of ours, a message in the reader's words, and a correlation
 * id. No error object of HTTP or the database travels as a cause, since those quote values.
 */
import { ApplicationFailure } from '@temporalio/activity';
import { CancelledFailure } from '@temporalio/common';
import { ExpectedError, errorKinds } from '../jobs/errors.ts';
import type { ErrorCode } from '../jobs/errors.ts';
import { ResponsysError } from '../systems/responsys/index.ts';

/** The failure that a workflow sees in the place of an error. */
export function asFailure(error: unknown): Error {
  if (error instanceof CancelledFailure || error instanceof ApplicationFailure) return error;
  if (error instanceof ResponsysError) return responsysFailure(error);
  if (error instanceof ExpectedError) return failure(error.code, error.message);
  // The class alone: the message of a database's error may quote a row.
  const name = error instanceof Error ? error.name : 'unknown';
  const code = codeOf(error);
  return ApplicationFailure.create({
    type: 'UNEXPECTED',
    message: `An unexpected fault (${name}${code === undefined ? '' : ` ${code}`}); the worker’s log has more.`,
    nonRetryable: false,
  });
}

/** What a step ends with where its worker is told to stop: it is tried again, by another. */
export const workerStops = (): ApplicationFailure =>
  ApplicationFailure.create({
    type: 'WORKER_STOPS',
    message: 'This worker stops; another goes on from here.',
  });

function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' && /^[A-Z0-9_]{2,20}$/.test(error.code) ? error.code : undefined;
}

function failure(code: ErrorCode, message: string, nextRetryDelayMs?: number): ApplicationFailure {
  return ApplicationFailure.create({
    type: code,
    message,
    nonRetryable: !errorKinds[code].retried,
    ...(nextRetryDelayMs === undefined ? {} : { nextRetryDelay: nextRetryDelayMs }),
  });
}

/** Ours for each kind of error of Responsys. A token refused twice in a row is tried again: it logs in anew. */
export function codeOfResponsysError(error: ResponsysError): ErrorCode {
  switch (error.kind) {
    case 'login-refused':
    case 'not-allowed':
      return 'AUTHORIZATION_REFUSED';
    case 'throttled':
    case 'capacity':
    case 'network':
    case 'service':
    case 'token':
      return 'SERVICE_UNAVAILABLE';
    case 'refused':
    case 'not-found':
      return 'REQUEST_REFUSED';
  }
}

function responsysFailure(error: ResponsysError): ApplicationFailure {
  const correlation = error.correlationId === undefined ? '' : ` (correlation id ${error.correlationId})`;
  const remedy = error.kind === 'login-refused' ? '; then run "authorizations update"' : '';
  return failure(codeOfResponsysError(error), `${error.message}${remedy}${correlation}`, error.retryAfterMs);
}
