/**
 * The place where calls wait for their turn. This one counts in its own process only: a sliding minute for
 * each function, by the limits that are given or assumed.
 */
import PQueue from 'p-queue';
import { assumedCallsPerMinute } from './functions.ts';
import type { ResponsysFunction } from './functions.ts';

export interface Governor {
  /** Runs `call` when the function's allowance lets it. */
  run<Result>(api: ResponsysFunction, call: () => Promise<Result>, signal?: AbortSignal): Promise<Result>;
}

/** @param limits calls a minute, where they are known to differ from what is assumed */
export function callsPerMinute(limits: Readonly<Partial<Record<ResponsysFunction, number>>>): Governor {
  const queues = new Map<ResponsysFunction, PQueue>();
  const queueOf = (api: ResponsysFunction): PQueue => {
    let queue = queues.get(api);
    if (queue === undefined) {
      const intervalCap = limits[api] ?? assumedCallsPerMinute[api];
      queue = new PQueue({ interval: 60_000, intervalCap, strict: true, concurrency: callsAtOnce });
      queues.set(api, queue);
    }
    return queue;
  };
  return {
    run: async (api, call, signal) => queueOf(api).add(call, signal === undefined ? {} : { signal }),
  };
}

/** Calls of one function under way at once. */
const callsAtOnce = 8;
