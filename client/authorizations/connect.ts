/**
 * A connection to an authorization's account, for commands that look at it.
 */
import type { Authorization } from '../../jobs/authorization.ts';
import { ExpectedError } from '../../jobs/errors.ts';
import { callsPerMinute, connectResponsys } from '../../systems/responsys/index.ts';
import type { Responsys } from '../../systems/responsys/index.ts';
import { findAuthorization, openAuthorization } from '../../systems/store/authorizations.ts';
import type { AuthorizationSummary } from '../../systems/store/authorizations.ts';
import type { Database } from '../../systems/store/database.ts';
import type { Context } from '../context.ts';

/** Makes no call before the first is asked for. */
export const connectTo = (
  login: Extract<Authorization, { kind: 'responsys-interact' }>,
  allowHosts: readonly string[],
): Responsys => connectResponsys({ login, allowHosts, governor: callsPerMinute({}), log: () => undefined });

/** @throws ExpectedError NOT_FOUND; AUTHORIZATION_KIND for one that Export Audience does not take */
export async function exportAuthorization(store: Database, label: string): Promise<AuthorizationSummary> {
  const authorization = await findAuthorization(store, label);
  if (authorization.kind === 'responsys-interact') return authorization;
  throw new ExpectedError(
    'AUTHORIZATION_KIND',
    `authorization: "${authorization.label}" is of the kind ${authorization.kind}; Export Audience takes responsys-interact.`,
  );
}

/** @throws ExpectedError NOT_FOUND, AUTHORIZATION_KIND */
export async function connectLabelled(context: Context, label: string): Promise<Responsys> {
  const store = await context.store();
  const { id } = await exportAuthorization(store, label);
  const { authorization } = await openAuthorization(store, context.key(), id);
  if (authorization.kind !== 'responsys-interact') throw new Error('The kind of an authorization changed.');
  return connectTo(authorization, context.allowHosts);
}
