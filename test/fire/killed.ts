/**
 * Runs under fire with workers that die: each is a process of its own that is killed at a named point, and
 * another takes over; Temporal's server, kept in a file, is killed and restarted under them as well.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { readEnvironment } from '../../systems/environment.ts';
import { findTemporalBinary } from '../../workers/embedded/temporal-binaries.ts';
import { startTemporal } from '../../workers/embedded/temporal-server.ts';
import { registerSearchAttributes } from '../../workers/search-attributes.ts';
import { startSandbox } from '../harness/sandbox.ts';
import { bundleForFire } from './fire-worker.ts';
import type { FireWorkerOptions } from './fire-worker.ts';
import { keepKilling } from './keep-killing.ts';
import { points } from './points.ts';
import type { Point } from './points.ts';
import { runUnderFire } from './run-under-fire.ts';
import type { Random } from './random.ts';

/** Kills of each run, at one point after the other, so that 20 runs reach each of them 12 times. */
const killsPerRun = 3;

export interface Killing {
  /** How many workers were killed at each point. */
  readonly reached: ReadonlyMap<Point, number>;
  restarts(): number;
  run(seed: number, index: number): Promise<void>;
  /** Kills Temporal's server, and starts it again on its file. */
  restartTemporal(): Promise<void>;
  close(): Promise<void>;
}

export async function openKilling(): Promise<Killing> {
  const folder = mkdtempSync(join(tmpdir(), 'lytics-responsys-fire-'));
  const codePath = join(folder, 'workflows.js');
  writeFileSync(codePath, (await bundleForFire(true)).code);
  // Calls take a moment, so that a worker can die while one is under way.
  const sandbox = await startSandbox({
    limits: { '*': 1_000_000 },
    latencyMs: { 'Merge List Recipients': 25, 'Merge Profile Extension Recipients': 25 },
  });
  const binary = await findTemporalBinary('temporal', readEnvironment(), () => undefined);
  let temporal = await startTemporal({ binary, dataFolder: folder });
  const { address } = temporal;
  const port = Number(address.split(':')[1]);
  const reached = new Map<Point, number>(points.map((point) => [point, 0]));
  let restarts = 0;

  const startWorkers = (first: number) => (options: FireWorkerOptions, random: Random) => {
    const plan = Array.from({ length: killsPerRun }, (_, kill) => points[(first + kill) % points.length]);
    const kills = plan.filter((point) => point !== undefined);
    return Promise.resolve(
      keepKilling({ options, codePath, kills, random }, (point) =>
        reached.set(point, (reached.get(point) ?? 0) + 1),
      ),
    );
  };

  return {
    reached,
    restarts: () => restarts,
    run: async (seed, index) => {
      const namespace = `fire-${randomBytes(5).toString('hex')}`;
      await registerNamespace(address, namespace);
      await runUnderFire({
        seed,
        sandbox,
        address,
        namespace,
        startWorkers: startWorkers(index * killsPerRun),
      });
    },
    restartTemporal: async () => {
      temporal.child.kill();
      await temporal.child.exited;
      temporal = await startTemporal({ binary, dataFolder: folder, port });
      restarts += 1;
    },
    close: async () => {
      await temporal.stop();
      await sandbox.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function registerNamespace(address: string, namespace: string): Promise<void> {
  const connection = await Connection.connect({ address });
  try {
    await connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: { seconds: 86_400 as unknown as null },
    });
    for (let attempt = 1; ; attempt++) {
      try {
        await registerSearchAttributes(connection, namespace);
        return;
      } catch (error) {
        if (attempt === 100) throw error;
        await wait(200);
      }
    }
  } finally {
    await connection.close();
  }
}
