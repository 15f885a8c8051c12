/**
 * Where the store and Temporal are: as the environment says, or, without a database URL in it, as the running
 * embedded default says. What is in neither is undefined; the caller says what that means.
 */
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { readRunning } from './environment.ts';
import type { Environment } from './environment.ts';

export interface Places {
  readonly databaseUrl: string | undefined;
  /** The master key, in base64. */
  readonly key: string | undefined;
  /** Hosts besides Oracle's that may be sent a login. */
  readonly allowHosts: readonly string[];
  /** The Web UI's address, where it is known. */
  readonly uiUrl: string | undefined;
  /** Read when asked for, since a profile file that is not valid concerns only who connects. */
  temporal(): TemporalPlace;
}

export interface TemporalPlace {
  readonly connectionOptions: ReturnType<typeof loadClientConnectConfig>['connectionOptions'];
  readonly namespace: string;
}

export function findPlaces(environment: Environment): Places {
  const running = environment.databaseUrl === undefined ? readRunning(environment.dataFolder) : undefined;
  return {
    databaseUrl: environment.databaseUrl ?? running?.databaseUrl,
    key: environment.key ?? running?.key,
    allowHosts: [...environment.allowHosts, ...(running?.allowHosts ?? [])],
    uiUrl: running?.uiUrl,
    temporal: () => {
      // The embedded server wants nothing of a profile that is meant for another: no TLS, no key.
      if (running !== undefined)
        return { connectionOptions: { address: running.temporalAddress }, namespace: 'default' };
      const { connectionOptions, namespace = 'default' } = loadClientConnectConfig();
      return { connectionOptions, namespace };
    },
  };
}
