/**
 * Keeps a worker running that is killed whenever the run asks for it, at a named point: the run spreads its kills over
 * its progress, however quick the machine is.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { FireWorkerOptions } from './fire-worker.ts';
import type { Point } from './points.ts';

export interface Kill {
  readonly point: Point;
  /** The how manieth time that it is reached. */
  readonly count: number;
}

export interface KillableWorkers {
  /** The worker of now, or the next one, dies at this; another order takes its place. */
  order(kill: Kill): void;
  /** At which points they were killed, one after the other. */
  readonly killed: readonly Point[];
  /** Of those that ended otherwise. */
  readonly exits: readonly (number | string | null)[];
  stop(): Promise<void>;
}

/** @param codePath of the workflows' bundle */
export function killOnOrder(options: FireWorkerOptions, codePath: string): KillableWorkers {
  const killed: Point[] = [];
  const exits: (number | string | null)[] = [];
  let ordered: Kill | undefined;
  let current: ReturnType<typeof fork> | undefined;
  let stopped = false;
  const isStopped = (): boolean => stopped;
  const keepRunning = async (): Promise<void> => {
    while (!isStopped()) {
      const orders = JSON.stringify({ options, codePath, kill: ordered });
      current = fork(join(import.meta.dirname, 'killed-worker.ts'), [orders], { stdio: 'ignore' });
      const [code, signal] = (await once(current, 'exit')) as [number | null, string | null];
      if (signal !== 'SIGKILL' || ordered === undefined) exits.push(signal ?? code);
      if (signal !== 'SIGKILL' || ordered === undefined || isStopped()) continue;
      killed.push(ordered.point);
      ordered = undefined;
    }
  };
  const running = keepRunning();
  return {
    killed,
    exits,
    order: (kill) => {
      ordered = kill;
      // One that is dying at this moment no longer listens: the next is told as it starts.
      if (current?.connected === true) current.send({ kill }, () => undefined);
    },
    stop: async () => {
      stopped = true;
      current?.kill('SIGKILL');
      await running;
    },
  };
}
