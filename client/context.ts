/**
 * What commands work with: the store, the keys and Temporal, opened when first asked for and closed at the
 * end. Production says where they are in the environment; otherwise the running embedded default is used.
 */
import { Client, Connection } from '@temporalio/client';
import { openConnections } from '../activities/connections.ts';
import type { Connections } from '../activities/connections.ts';
import { ExpectedError } from '../jobs/errors.ts';
import { readEnvironment } from '../systems/environment.ts';
import type { Environment } from '../systems/environment.ts';
import { findPlaces } from '../systems/places.ts';
import type { TemporalPlace } from '../systems/places.ts';
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
  /**
   * To Responsys: in the account's live lane, like any others. A login that was refused is not held back
   * here: it is made as often as a person asks for it, and no more.
   */
  connections(): Promise<Connections>;
  /** Hosts besides Oracle's that may be sent a login. */
  readonly allowHosts: readonly string[];
  /** The Web UI's address, where it is known. */
  readonly uiUrl: string | undefined;
  close(): Promise<void>;
}

export function openContext(environment: Environment = readEnvironment()): Context {
  const places = findPlaces(environment);
  const closers: (() => Promise<void>)[] = [];
  const once = <Value>(open: () => Promise<Value>): (() => Promise<Value>) => {
    let opened: Promise<Value> | undefined;
    return () => (opened ??= open());
  };
  const key = (): Key => keyFrom(required(places.key));
  const store = once(async () => {
    const pool = await reach('the store', () => openStore(required(places.databaseUrl)));
    closers.push(() => pool.end());
    return pool;
  });
  return {
    key,
    store,
    hashKeys: once(async () => openHashKeys(await store(), key())),
    temporal: once(async () => {
      const connection = await reach('Temporal', () => connect(places.temporal()));
      closers.push(() => connection.connection.close());
      return new Client(connection);
    }),
    connections: once(async () => {
      const connections = openConnections({
        store: await store(),
        key: key(),
        allowHosts: places.allowHosts,
        log: { debug: () => undefined },
      });
      closers.push(() => connections.close());
      return connections;
    }),
    allowHosts: places.allowHosts,
    uiUrl: places.uiUrl,
    close: async () => {
      // What was opened last may still need what was opened before it.
      for (const close of closers.reverse()) await close();
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

async function connect({
  connectionOptions,
  namespace,
}: TemporalPlace): Promise<{ connection: Connection; namespace: string }> {
  return { connection: await Connection.connect({ ...connectionOptions, connectTimeout: '5s' }), namespace };
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
