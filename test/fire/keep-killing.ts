/** Keeps a worker running, each killed at its point and followed by the next, until it is stopped. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { FireWorkerOptions } from './fire-worker.ts';
import type { Point } from './points.ts';
import type { Random } from './random.ts';

const killWithinMs = 60_000;

export interface RunningWorkers {
  /** Whether one is still to die: as long as it is, the run makes changes for it to die in. */
  readonly dieAgain: boolean;
  stop(): Promise<void>;
}

export interface Killings {
  readonly options: FireWorkerOptions;
  /** Of the workflows' bundle. */
  readonly codePath: string;
  /** One after the other; then a worker lives on. */
  readonly kills: readonly Point[];
  readonly random: Random;
}

export function keepKilling(
  { options, codePath, kills, random }: Killings,
  killed: (point: Point) => void,
): RunningWorkers {
  const plan = [...kills];
  let toDie = kills.length;
  let stopped = false;
  const isStopped = (): boolean => stopped;
  let current: ReturnType<typeof fork> | undefined;
  const keepRunning = async (): Promise<void> => {
    while (!isStopped()) {
      const point = plan.shift();
      const kill = point === undefined ? undefined : { point, count: 1 + random.below(3) };
      const orders = JSON.stringify({ options, codePath, kill });
      current = fork(join(import.meta.dirname, 'killed-worker.ts'), [orders], { stdio: 'ignore' });
      const ended = once(current, 'exit') as Promise<[number | null, string | null]>;
      // A point that is not reached in this worker's time is left for the next one.
      const [, signal] = await Promise.race([ended, wait(killWithinMs, [null, 'late'] as const)]);
      if (signal === 'late') {
        if (point !== undefined && !isStopped()) {
          current.kill('SIGKILL');
          await ended;
          plan.push(point);
        } else await ended;
      } else if (signal === 'SIGKILL' && point !== undefined && !isStopped()) {
        toDie -= 1;
        killed(point);
      }
    }
  };
  const running = keepRunning();
  return {
    get dieAgain() {
      return toDie > 0;
    },
    stop: async () => {
      stopped = true;
      current?.kill('SIGKILL');
      await running;
    },
  };
}
