/**
 * The worker as a child process of the embedded default. The channel between the two is what tells the worker
 * that its parent is gone, however that ended.
 */
import { join } from 'node:path';
import { ExpectedError } from '../../jobs/errors.ts';
import { lastLines, startChild, type Child } from './child.ts';

const READY_WITHIN_MS = 120_000;

/**
 * What rows and members leave behind is gone at once: more room for it only takes memory. But with the little room
 * that old objects have at first, all of them are gone through four times a second in an import, for the buffers
 * that come and go beside them; on several threads at once, this took a third of the processor time.
 * Dockerfile and "npm run worker" have the same.
 */
const collecting = ['--max-semi-space-size=8', '--initial-old-space-size=128', '--v8-pool-size=1'] as const;
/** Large buffers go back to the system at once: glibc keeps them else. The Dockerfile has the same. */
const allocating = { MALLOC_MMAP_THRESHOLD_: '262144' } as const;

/** A worker lets its calls end, for a minute at most, and needs a little more. */
const STOP_WITHIN_MS = 80_000;

export interface WorkerOptions {
  readonly dataFolder: string;
  readonly databaseUrl: string;
  readonly key: string;
  readonly allowHosts: readonly string[];
  readonly temporalAddress: string;
  /** @default this project's worker */
  readonly file?: string | undefined;
  readonly onSpawn?: (child: Child) => void;
}

/** Starts the worker and waits for its word that it is ready. @throws ExpectedError with the end of its log */
export async function startWorker(options: WorkerOptions): Promise<Child> {
  const logFile = join(options.dataFolder, 'worker.log');
  const child = await startChild({
    name: 'worker',
    command: process.execPath,
    args: [...collecting, options.file ?? join(import.meta.dirname, '..', 'worker.ts')],
    env: { ...allocating, ...environmentOf(options) },
    logFile,
    ipc: true,
    stopWithinMs: STOP_WITHIN_MS,
  });
  options.onSpawn?.(child);
  if (await saysReady(child)) return child;
  await child.stop();
  throw new ExpectedError(
    'NOT_RUNNING',
    `The worker did not start. The end of ${logFile}:\n${lastLines(logFile)}`,
  );
}

/** The embedded Temporal and nothing else: what the reader has set for a cluster or Temporal Cloud is not meant. */
function environmentOf(options: WorkerOptions): Record<string, string | undefined> {
  return {
    LYTICS_RESPONSYS_DATABASE_URL: options.databaseUrl,
    LYTICS_RESPONSYS_KEY: options.key,
    LYTICS_RESPONSYS_ALLOW_HOSTS: options.allowHosts.join(','),
    LYTICS_RESPONSYS_DATA: options.dataFolder,
    TEMPORAL_ADDRESS: options.temporalAddress,
    TEMPORAL_NAMESPACE: 'default',
    // A file that is not there, so that the one in the reader's home is not read.
    TEMPORAL_CONFIG_FILE: join(options.dataFolder, 'no-temporal.toml'),
    TEMPORAL_PROFILE: undefined,
    TEMPORAL_API_KEY: undefined,
    TEMPORAL_TLS: undefined,
    TEMPORAL_TLS_CLIENT_CERT_PATH: undefined,
    TEMPORAL_TLS_CLIENT_CERT_DATA: undefined,
    TEMPORAL_TLS_CLIENT_KEY_PATH: undefined,
    TEMPORAL_TLS_CLIENT_KEY_DATA: undefined,
    TEMPORAL_TLS_SERVER_CA_CERT_PATH: undefined,
    TEMPORAL_TLS_SERVER_CA_CERT_DATA: undefined,
  };
}

async function saysReady(child: Child): Promise<boolean> {
  return new Promise((resolve) => {
    const timeout = setTimeout(() => resolve(false), READY_WITHIN_MS);
    const settle = (ready: boolean) => {
      clearTimeout(timeout);
      resolve(ready);
    };
    child.process.on('message', (message) => {
      if (typeof message === 'object' && 'ready' in message) settle(true);
    });
    void child.exited.then(() => settle(false));
  });
}
