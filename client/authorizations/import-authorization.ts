/**
 * The authorization that an import's file names.
 */
import { ExpectedError } from '../../jobs/errors.ts';
import { findAuthorization } from '../../systems/store/authorizations.ts';
import type { AuthorizationSummary } from '../../systems/store/authorizations.ts';
import type { Database } from '../../systems/store/database.ts';

/** @throws ExpectedError NOT_FOUND; AUTHORIZATION_KIND for one that Import Activity Data does not take */
export async function importAuthorization(store: Database, label: string): Promise<AuthorizationSummary> {
  const authorization = await findAuthorization(store, label);
  if (authorization.kind !== 'responsys-interact') return authorization;
  throw new ExpectedError(
    'AUTHORIZATION_KIND',
    `authorization: "${authorization.label}" is of the kind responsys-interact; Import Activity Data takes responsys-sftp or responsys-sftp-with-pgp.`,
  );
}
