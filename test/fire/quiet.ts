/** Temporal's log lines would drown the tests' own: killed workers and refused tasks are what is wanted here. */
import { Runtime } from '@temporalio/worker';

const nothing = (): void => undefined;

export function beQuiet(): void {
  Runtime.install({
    logger: { log: nothing, trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing },
  });
}
