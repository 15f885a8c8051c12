/**
 * Calls to Responsys that a person's command makes: in the account's live lane, like any others. A login that
 * was refused is not held back here: it is made as often as a person asks for it, and no more.
 */
import { openConnections } from '../activities/connections.ts';
import { codeOfResponsysError } from '../activities/failures.ts';
import { ExpectedError } from '../jobs/errors.ts';
import { ResponsysError } from '../systems/responsys/index.ts';
import type { Responsys } from '../systems/responsys/index.ts';
import type { Context } from './context.ts';

/**
 * @param authorizationId of the kind Responsys Interact
 * @throws ExpectedError AUTHORIZATION_KIND, AUTHORIZATION_REFUSED, SERVICE_UNAVAILABLE, REQUEST_REFUSED
 */
export async function usingResponsys<Result>(
  context: Context,
  authorizationId: string,
  work: (responsys: Responsys) => Promise<Result>,
): Promise<Result> {
  const connections = openConnections({
    store: await context.store(),
    key: context.key(),
    allowHosts: context.allowHosts,
    log: { debug: () => undefined },
  });
  try {
    return await work(await connections.responsys(authorizationId));
  } catch (error) {
    if (!(error instanceof ResponsysError)) throw error;
    throw new ExpectedError(codeOfResponsysError(error), `${error.message}.`);
  } finally {
    await connections.close();
  }
}
