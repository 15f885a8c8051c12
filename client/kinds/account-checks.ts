/**
 * What is said when a configuration is held against its account.
 */
import { codeOfResponsysError } from '../../activities/failures.ts';
import { ExpectedError, errorKinds } from '../../jobs/errors.ts';
import { ResponsysError } from '../../systems/responsys/index.ts';
import type { Responsys } from '../../systems/responsys/index.ts';
import { connectLabelled } from '../authorizations/export-authorization.ts';
import type { Context } from '../context.ts';
import { responsysFailure } from '../responsys-failure.ts';

/** @throws ExpectedError CONFIGURATION_REFUSED with all of them */
export function refuseFaults(faults: readonly string[]): void {
  if (faults.length > 0)
    throw new ExpectedError('CONFIGURATION_REFUSED', faults.map((fault) => `${fault}.`).join('\n'));
}

/** The account of an authorization, logged in to; or the fault that stands in the way. */
export async function connectChecked(
  context: Context,
  authorization: string,
): Promise<{ readonly responsys: Responsys } | { readonly fault: string }> {
  try {
    const responsys = await connectLabelled(context, authorization);
    await responsys.logIn();
    return { responsys };
  } catch (error) {
    return { fault: authorizationFault(error) };
  }
}

/** A login that is refused is a fault of the file or the account; one that cannot be tried is none. */
function authorizationFault(error: unknown): string {
  if (error instanceof ResponsysError && !errorKinds[codeOfResponsysError(error)].retried)
    return `authorization: ${error.message}; the account could not be looked at`;
  if (error instanceof ExpectedError && !errorKinds[error.code].retried)
    return error.message.replace(/\.$/, '');
  throw responsysFailure(error);
}

/** What Responsys answers, or why it does not, in the reader's words. */
export async function reading<Result>(read: Promise<Result>): Promise<Result> {
  try {
    return await read;
  } catch (error) {
    throw responsysFailure(error);
  }
}
