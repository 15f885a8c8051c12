/**
 * A worker as a process of its own that kills itself, as by `kill -9`, when it reaches a named point for the
 * n-th time: `node killed-worker.ts '{"options": …, "codePath": …, "kill": {"point": …, "count": …}}'`. A message
 * `{"kill": …}` takes the place of the kill that it was started with.
 */
import { startFireWorker } from './fire-worker.ts';
import type { FireWorkerOptions } from './fire-worker.ts';
import type { Point } from './points.ts';

interface Orders {
  readonly options: FireWorkerOptions;
  readonly codePath: string;
  /** Without it the worker lives on. */
  readonly kill?: { readonly point: Point; readonly count: number };
}

const { options, codePath, kill: atFirst } = JSON.parse(process.argv[2] ?? '') as Orders;
let kill = atFirst;
let count = 0;
process.on('message', (message) => {
  ({ kill } = message as Pick<Orders, 'kill'>);
  count = 0;
});
const { worker } = await startFireWorker(options, { codePath }, (point) => {
  if (point === kill?.point && ++count === kill.count) process.kill(process.pid, 'SIGKILL');
});
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
process.send?.('ready');
await worker.run();
