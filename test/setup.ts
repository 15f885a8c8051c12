/**
 * The servers that tests share: one embedded PostgreSQL, which may forget, and one Temporal dev server in
 * memory. `npm test` starts them once for all files; a file run by itself starts what it needs (see
 * harness/servers.ts).
 */
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readEnvironment } from '../systems/environment.ts';
import type { Child } from '../workers/embedded/child.ts';
import { startPostgres } from '../workers/embedded/postgres.ts';
import { findTemporalBinary } from '../workers/embedded/temporal-binaries.ts';
import { startTemporal } from '../workers/embedded/temporal-server.ts';

export interface SharedServer {
  /** What the tests need to reach it: a URL, or host and port. */
  readonly address: string;
  readonly child: Child;
  stop(): Promise<void>;
}

/** PostgreSQL on data of its own that are gone afterwards, with nothing flushed: power cuts are no test here. */
export async function startSharedPostgres(): Promise<SharedServer> {
  const dataFolder = await realpath(await mkdtemp(join(tmpdir(), 'lytics-responsys-test-')));
  const settings = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off' };
  const postgres = await startPostgres({ dataFolder, throwaway: true, settings });
  return {
    address: postgres.url,
    child: postgres.child,
    async stop() {
      await postgres.stop();
      await rm(dataFolder, { recursive: true, force: true });
    },
  };
}

/** Temporal's dev server in memory. */
export async function startSharedTemporal(): Promise<SharedServer> {
  const notice = (text: string): void => void process.stderr.write(`${text}\n`);
  const binary = await findTemporalBinary('temporal', readEnvironment(), notice);
  return startTemporal({ binary });
}
