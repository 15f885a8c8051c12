/**
 * The embedded Temporal: its dev server on 127.0.0.1, kept in a file (or in memory, for tests), with the Web
 * UI and the search attributes that the workflows use.
 */
import { Connection } from '@temporalio/client';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ExpectedError } from '../../jobs/errors.ts';
import { registerSearchAttributes } from '../search-attributes.ts';
import { lastLines, startChild, type Child } from './child.ts';
import { portIsFree, PortTaken, withFreePorts } from './ports.ts';

export interface TemporalOptions {
  /** The program's path, see temporal-binaries.ts. */
  readonly binary: string;
  /** Where `temporal.db` and `temporal.log` are kept; without it all is in memory, and nothing is logged. */
  readonly dataFolder?: string;
  /** The port of its gRPC. @default 0, any free one */
  readonly port?: number;
  /** The port of the Web UI. @default 0, any free one */
  readonly uiPort?: number;
  readonly onSpawn?: (child: Child) => void;
}

export interface RunningTemporal {
  /** As `127.0.0.1:7233`. */
  readonly address: string;
  readonly uiUrl: string;
  readonly pid: number;
  readonly child: Child;
  stop(): Promise<void>;
}

/**
 * Starts the dev server and waits until it answers with all search attributes.
 *
 * @throws ExpectedError that says which port is taken, or the last lines of its log
 */
export async function startTemporal(options: TemporalOptions): Promise<RunningTemporal> {
  return withFreePorts([options.port ?? 0, options.uiPort ?? 0], async ([port = 0, uiPort = 0]) => {
    await expectFree(port, 'Temporal', '--port');
    await expectFree(uiPort, "Temporal's Web UI", '--ui-port');
    const logFile = options.dataFolder === undefined ? undefined : join(options.dataFolder, 'temporal.log');
    const child = await startChild({
      name: 'temporal',
      command: options.binary,
      args: argumentsOf(options, port, uiPort),
      logFile,
      cwd: options.dataFolder ?? '/',
    });
    options.onSpawn?.(child);
    const address = `127.0.0.1:${port}`;
    try {
      await untilReady(child, address);
    } catch (error) {
      await child.stop();
      if (lastLines(logFile).includes('address already in use')) {
        throw new PortTaken(
          `Temporal: port ${port} or ${uiPort} is taken by another program. Choose others.`,
        );
      }
      const tail = logFile === undefined ? '' : ` The end of ${logFile}:\n${lastLines(logFile)}`;
      throw new ExpectedError('NOT_RUNNING', `Temporal did not start (${String(error)}).${tail}`);
    }
    return { address, uiUrl: `http://127.0.0.1:${uiPort}`, pid: child.pid, child, stop: () => child.stop() };
  });
}

function argumentsOf({ dataFolder }: TemporalOptions, port: number, uiPort: number): readonly string[] {
  const fixed = [
    'server',
    'start-dev',
    '--ip',
    '127.0.0.1',
    '--log-level',
    'error',
    '--ui-disable-news-fetch',
  ];
  const ports = ['--port', String(port), '--ui-port', String(uiPort)];
  // A write-ahead log flushed at each commit is as durable as SQLite's default, and was measured at 282
  // signals and 183 starts a second instead of 163 and 77.
  const kept =
    dataFolder === undefined
      ? []
      : [
          '--db-filename',
          join(dataFolder, 'temporal.db'),
          ...['--sqlite-pragma', 'journal_mode=wal', '--sqlite-pragma', 'synchronous=FULL'],
        ];
  return [...fixed, ...ports, ...kept];
}

async function expectFree(port: number, whose: string, flag: string): Promise<void> {
  if (await portIsFree(port)) return;
  throw new PortTaken(
    `${whose}: port ${port} is taken by another program (another start, or a Temporal dev server?). ` +
      `Stop that one, or choose another port with ${flag}; ${flag} 0 takes any free one.`,
  );
}

/**
 * Ready means that the search attributes are registered too. The dev server's own flag `--search-attribute`
 * does nothing for a database file that exists already (measured with CLI 1.9.1).
 */
async function untilReady(child: Child, address: string): Promise<void> {
  const until = performance.now() + 60_000;
  for (;;) {
    if (child.hasExited()) throw new Error('it ended at once');
    let connection: Connection | undefined;
    try {
      connection = await Connection.connect({ address, connectTimeout: 2_000 });
      await registerSearchAttributes(connection, 'default');
      return;
    } catch (error) {
      if (performance.now() > until) throw error;
      await sleep(100);
    } finally {
      await connection?.close();
    }
  }
}
