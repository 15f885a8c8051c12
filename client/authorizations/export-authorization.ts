/**
 * The authorization that a job's file names, and a connection to its account.
 */
import { ExpectedError } from '../../jobs/errors.ts';
import type { Responsys } from '../../systems/responsys/index.ts';
import { findAuthorization } from '../../systems/store/authorizations.ts';
import type { AuthorizationSummary } from '../../systems/store/authorizations.ts';
import type { Database } from '../../systems/store/database.ts';
import type { Context } from '../context.ts';

/** @throws ExpectedError NOT_FOUND; AUTHORIZATION_KIND for one that exports do not take */
export async function exportAuthorization(store: Database, label: string): Promise<AuthorizationSummary> {
  const authorization = await findAuthorization(store, label);
  if (authorization.kind === 'responsys-interact') return authorization;
  throw new ExpectedError(
    'AUTHORIZATION_KIND',
    `authorization: "${authorization.label}" is of the kind ${authorization.kind}; this job takes responsys-interact.`,
  );
}

/** Makes no call before the first is asked for. @throws ExpectedError NOT_FOUND, AUTHORIZATION_KIND */
export async function connectLabelled(context: Context, label: string): Promise<Responsys> {
  const { id } = await exportAuthorization(await context.store(), label);
  return (await context.connections()).responsys(id);
}
