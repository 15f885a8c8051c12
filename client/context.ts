/**
 * What commands work with: the store, the keys and Temporal, opened when first asked for and closed at the
 * end. Production says where they are in the environment; otherwise the running embedded default is used.
 */
import { Client, Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { ExpectedError } from '../jobs/errors.ts';
import { readEnvironment, readRunning } from '../systems/environment.ts';
import type { Environment, Running } from '../systems/environment.ts';
import { openStore } from '../systems/store/database.ts';
import type { Pool } from '../systems/store/database.ts';
import { openHashKeys } from '../systems/store/identities.ts';
import type { HashKeys } from '../systems/store/identities.ts';
import { keyFrom } from '../systems/store/secrets.ts';
import type { Key } from '../systems/store/secrets.ts';

export interface Context {
  store(): Promise<Pool>;
  key(): Key;
  hashKeys(): Promise<HashKeys>;
  temporal(): Promise<Client>;
  /** Hosts besides Oracle's that may be sent a login. */
  readonly allowHosts: readonly string[];
  /** The Web UI's address, where it is known. */
  readonly uiUrl: string | undefined;
  close(): Promise<void>;
}

export function openContext(environment: Environment = readEnvironment()): Context {
  const running = environment.databaseUrl === undefined ? readRunning(environment.dataFolder) : undefined;
  const closers: (() => Promise<void>)[] = [];
  const once = <Value>(open: () => Promise<Value>): (() => Promise<Value>) => {
    let opened: Promise<Value> | undefined;
    return () => (opened ??= open());
  };
  const key = (): Key => keyFrom(required(environment.key ?? running?.key));
  const store = once(async () => {
    const pool = await reach('the store', () =>
      openStore(required(environment.databaseUrl ?? running?.databaseUrl)),
    );
    closers.push(() => pool.end());
    return pool;
  });
  return {
    key,
    store,
    hashKeys: once(async () => openHashKeys(await store(), key())),
    temporal: once(async () => {
      const connection = await reach('Temporal', () => connect(running));
      closers.push(() => connection.connection.close());
      return new Client(connection);
    }),
    allowHosts: [...environment.allowHosts, ...(running?.allowHosts ?? [])],
    uiUrl: running?.uiUrl,
    close: async () => {
      await Promise.all(closers.map((close) => close()));
    },
  };
}

function required(value: string | undefined): string {
  if (value !== undefined) return value;
  throw new ExpectedError(
    'NOT_RUNNING',
    'Nothing is running here: start it with "npm start", or set LYTICS_RESPONSYS_DATABASE_URL and LYTICS_RESPONSYS_KEY.',
  );
}

async function connect(running: Running | undefined): Promise<{ connection: Connection; namespace: string }> {
  // The embedded server wants nothing of a profile that is meant for another: no TLS, no key.
  const { connectionOptions, namespace } =
    running === undefined
      ? loadClientConnectConfig()
      : { connectionOptions: { address: running.temporalAddress }, namespace: 'default' };
  const connection = await Connection.connect({ ...connectionOptions, connectTimeout: '5s' });
  return { connection, namespace: namespace ?? 'default' };
}

async function reach<Value>(what: string, open: () => Promise<Value>): Promise<Value> {
  try {
    return await open();
  } catch (error) {
    if (error instanceof ExpectedError) throw error;
    throw new ExpectedError('SERVICE_UNAVAILABLE', `${what} cannot be reached: ${reasonOf(error)}.`);
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return reasonOf(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}
