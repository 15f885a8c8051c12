/**
 * What activities work with, and the connections to Responsys: one for each version of an authorization, so
 * that all tasks of a worker share one login.
 */
import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import { ExpectedError } from '../jobs/errors.ts';
import { callsPerMinute, connectResponsys } from '../systems/responsys/index.ts';
import type { Responsys } from '../systems/responsys/index.ts';
import { openAuthorization } from '../systems/store/authorizations.ts';
import type { Pool } from '../systems/store/database.ts';
import type { Key } from '../systems/store/secrets.ts';
import { loginGuard } from './login-guard.ts';

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
  /** @throws ExpectedError AUTHORIZATION_KIND, NOT_FOUND */
  responsys(authorizationId: string): Promise<Responsys>;
}

export function openConnections(means: Omit<Means, 'stopping'>): Connections {
  const open = new Map<string, { readonly version: number; readonly responsys: Responsys }>();
  return {
    responsys: async (authorizationId) => {
      const { authorization, version } = await openAuthorization(means.store, means.key, authorizationId);
      const present = open.get(authorizationId);
      if (present?.version === version) return present.responsys;
      if (authorization.kind !== 'responsys-interact')
        throw new ExpectedError(
          'AUTHORIZATION_KIND',
          `authorization: "${authorization.label}" is of the kind ${authorization.kind}; this job takes responsys-interact.`,
        );
      const responsys = connectResponsys({
        login: authorization,
        allowHosts: means.allowHosts,
        guardLogin: loginGuard(means, authorizationId, version),
        governor: callsPerMinute({}),
        log: (call) => means.log.debug(call, 'responsys'),
      });
      open.set(authorizationId, { version, responsys });
      return responsys;
    },
  };
}
