/**
 * The embedded store: the real PostgreSQL server from npm, listening on 127.0.0.1 only (no Unix socket, whose
 * path may be no longer than 107 bytes), with its data kept for the data folder.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { ExpectedError } from '../../jobs/errors.ts';
import { lastLines, startChild, type Child } from './child.ts';
import { openCluster, POSTGRES_USER } from './postgres-cluster.ts';
import { preparePostgresHome, type PostgresHome } from './postgres-home.ts';
import { markThrowaway, removeThrowaway } from './postgres-throwaway.ts';
import { POSTGRES_SETTINGS } from './postgres-settings.ts';
import { PortTaken, withFreePorts } from './ports.ts';

const DATABASE_NAME = 'lytics_responsys';

export interface PostgresOptions {
  /** The real path of an existing folder, locked by its user where several processes might use it. */
  readonly dataFolder: string;
  /** @default 0, any free port */
  readonly port?: number;
  /** Server settings besides the usual ones, as `{ fsync: 'off' }`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Removes the data at the stop. @default false */
  readonly throwaway?: boolean;
  /** Told as soon as the process runs, before it is ready. */
  readonly onSpawn?: (child: Child) => void;
}

export interface RunningPostgres {
  /** `postgres://user:password@127.0.0.1:port/lytics_responsys` */
  readonly url: string;
  readonly pid: number;
  readonly child: Child;
  stop(): Promise<void>;
}

/**
 * Starts the server on its data, which are made where there are none, and waits until it answers.
 *
 * @throws ExpectedError that says why it did not start, with the last lines of its log
 */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const { dataFolder, port = 0, throwaway = false } = options;
  const home = await preparePostgresHome(dataFolder);
  markThrowaway(home, dataFolder, throwaway);
  const { pgdata, password } = await openCluster(home, dataFolder);
  return withFreePorts([port], async ([free = 0]) => {
    const urlOf = (database: string) =>
      `postgres://${POSTGRES_USER}:${password}@127.0.0.1:${free}/${database}`;
    const child = await startServer(
      urlOf('postgres'),
      () => spawnServer(home, pgdata, free, options),
      options,
    );
    return {
      url: urlOf(DATABASE_NAME),
      pid: child.pid,
      child,
      async stop() {
        await child.stop();
        if (throwaway) removeThrowaway(home);
      },
    };
  });
}

async function spawnServer(home: PostgresHome, pgdata: string, port: number, options: PostgresOptions) {
  const settings = Object.entries({ ...POSTGRES_SETTINGS, port: String(port), ...options.settings });
  const child = await startChild({
    name: 'postgres',
    command: join(home.programs, 'bin', 'postgres'),
    args: ['-D', pgdata, ...settings.flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    env: { LC_ALL: 'C', PGDATA: undefined, PGPORT: undefined },
    logFile: join(options.dataFolder, 'postgres.log'),
    cwd: home.folder,
    user: home.user,
    // A fast shutdown: clients are sent away, what was committed is written.
    stopSignal: 'SIGINT',
    killSignal: 'SIGQUIT',
  });
  options.onSpawn?.(child);
  return child;
}

/**
 * Starts the process and waits for it. Where a server was killed, its workers see that within moments, and
 * until then hold the memory that a new one would need: such a refusal is waited out.
 */
async function startServer(url: string, spawn: () => Promise<Child>, { dataFolder }: PostgresOptions) {
  for (let attempt = 1; ; attempt += 1) {
    const child = await spawn();
    try {
      await untilReady(child, url, join(dataFolder, 'postgres.log'));
      return child;
    } catch (error) {
      if (attempt === 20 || !String(error).includes('pre-existing shared memory block')) throw error;
      await sleep(250);
    }
  }
}

/** Recovery after a crash comes first and may take its time; there is a database of our own in the end. */
async function untilReady(child: Child, url: string, logFile: string): Promise<void> {
  const until = performance.now() + 120_000;
  for (;;) {
    if (child.hasExited()) {
      const log = lastLines(logFile);
      if (log.includes('could not bind') || log.includes('could not create any TCP/IP sockets')) {
        throw new PortTaken(
          `PostgreSQL: port ${new URL(url).port} is taken by another program. Choose another.`,
        );
      }
      throw new ExpectedError('NOT_RUNNING', `PostgreSQL did not start. The end of ${logFile}:\n${log}`);
    }
    try {
      await makeDatabase(url);
      return;
    } catch (error) {
      if (performance.now() > until) {
        await child.stop();
        throw new ExpectedError(
          'NOT_RUNNING',
          `PostgreSQL did not answer within two minutes (${String(error)}); see ${logFile}`,
        );
      }
      await sleep(30);
    }
  }
}

async function makeDatabase(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  // A connection lost while the server is still starting is seen at the query below.
  client.on('error', () => undefined);
  try {
    await client.connect();
    const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE_NAME]);
    if (found.rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE_NAME}`);
  } finally {
    await client.end().catch(() => undefined);
  }
}
