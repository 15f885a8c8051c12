/**
 * Tries an authorization: logs in, and looks at what its user may see.
 */
import type { Authorization } from '../../jobs/authorization.ts';
import { ExpectedError } from '../../jobs/errors.ts';
import { responsysFailure } from '../responsys-failure.ts';
import { connectTo } from './connect.ts';

/**
 * Logs in for real.
 * @returns what was found, by its name for the reader
 * @throws ExpectedError AUTHORIZATION_REFUSED, SERVICE_UNAVAILABLE
 */
export async function testLogin(
  authorization: Authorization,
  allowHosts: readonly string[],
): Promise<Record<string, string | number>> {
  if (authorization.kind !== 'responsys-interact')
    throw new ExpectedError(
      'NOT_NOW',
      'Testing an SFTP authorization is not there yet; it is stored, and its secrets are sealed.',
    );
  const responsys = connectTo(authorization, allowHosts);
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
