/**
 * What activities work with, and the connections to Responsys: one for each version of an authorization, so
 * that all tasks of a worker share one login.
 */
import { hostname } from 'node:os';
import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import { ExpectedError } from '../jobs/errors.ts';
import { connectGoverned, openGovernors } from '../systems/responsys/index.ts';
import type { Caller, LoginGuard, Responsys } from '../systems/responsys/index.ts';
import { openAuthorization } from '../systems/store/authorizations.ts';
import type { Pool } from '../systems/store/database.ts';
import { openBudget } from '../systems/store/governor.ts';
import type { Key } from '../systems/store/secrets.ts';

export interface Means {
  readonly store: Pool;
  readonly key: Key;
  readonly allowHosts: readonly string[];
  readonly temporal: Client;
  readonly log: Logger;
  /** Aborted when the worker is told to stop: long steps then end at their next safe point. */
  readonly stopping: AbortSignal;
}

export interface Connections {
  /**
   * @param caller whose calls these are, and their lane; live, and nobody's, unless given
   * @throws ExpectedError AUTHORIZATION_KIND, NOT_FOUND
   */
  responsys(authorizationId: string, caller?: Caller): Promise<Responsys>;
  /** Gives back what of the accounts' allowances was leased and is not used. */
  close(): Promise<void>;
}

/** What connections need of the means; the log hears of each call. */
type ConnectionMeans = Pick<Means, 'store' | 'key' | 'allowHosts'> & { readonly log: Pick<Logger, 'debug'> };

/** @param guardLogin of each authorization's version; without one a login is made as often as a person asks */
export function openConnections(
  means: ConnectionMeans,
  guardLogin?: (authorizationId: string, version: number) => LoginGuard,
): Connections {
  const governors = openGovernors(openBudget(means.store, `${hostname()}/${process.pid}`));
  const open = new Map<string, { readonly version: number; readonly responsys: Responsys }>();
  return {
    responsys: async (authorizationId, caller = { lane: 'live' }) => {
      const { authorization, version } = await openAuthorization(means.store, means.key, authorizationId);
      const present = open.get(authorizationId);
      if (present?.version === version) return present.responsys.as(caller);
      if (authorization.kind !== 'responsys-interact')
        throw new ExpectedError(
          'AUTHORIZATION_KIND',
          `authorization: "${authorization.label}" is of the kind ${authorization.kind}; this job takes responsys-interact.`,
        );
      const responsys = connectGoverned(
        {
          login: authorization,
          allowHosts: means.allowHosts,
          log: (call) => means.log.debug(call, 'responsys'),
          ...(guardLogin === undefined ? {} : { guardLogin: guardLogin(authorizationId, version) }),
        },
        { id: authorizationId, version },
        governors,
      );
      open.set(authorizationId, { version, responsys });
      return responsys.as(caller);
    },
    close: () => governors.close(),
  };
}
