/**
 * Tries an authorization: logs in, and looks at what its user may see.
 */
import { ExpectedError } from '../../jobs/errors.ts';
import { findAuthorization } from '../../systems/store/authorizations.ts';
import type { Context } from '../context.ts';
import { responsysFailure } from '../responsys-failure.ts';

/**
 * Logs in for real.
 * @param label the authorization's
 * @returns what was found, by its name for the reader
 * @throws ExpectedError AUTHORIZATION_REFUSED, SERVICE_UNAVAILABLE, NOT_FOUND
 */
export async function testLogin(context: Context, label: string): Promise<Record<string, string | number>> {
  const { id, kind } = await findAuthorization(await context.store(), label);
  if (kind !== 'responsys-interact')
    throw new ExpectedError(
      'NOT_NOW',
      'Testing an SFTP authorization is not there yet; it is stored, and its secrets are sealed.',
    );
  const responsys = await (await context.connections()).responsys(id);
  try {
    const { endPoint } = await responsys.logIn();
    const { accountName } = await responsys.user();
    const lists = await responsys.lists();
    const limits = await responsys.rateLimits();
    const merges = limits.find((limit) => /merge list/i.test(limit.api));
    return {
      account: accountName,
      'API host': endPoint,
      lists: lists.map((list) => list.name).join(', '),
      'list merges a minute': merges?.limit ?? 'not said',
    };
  } catch (error) {
    throw responsysFailure(error);
  }
}
