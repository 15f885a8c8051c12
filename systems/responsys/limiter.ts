/**
 * The place where calls wait for their turn. This one counts in its own process only, by the limits that are
 * given or assumed: a slot is free again a minute after its call has ended, since Responsys may have counted
 * the call at any moment in between.
 */
import PQueue from 'p-queue';
import { assumedCallsPerMinute } from './functions.ts';
import type { ResponsysFunction } from './functions.ts';

export interface Governor {
  /** Runs `call` when the function's allowance lets it; the signal's reason is thrown to one who gives up. */
  run<Result>(api: ResponsysFunction, call: () => Promise<Result>, signal?: AbortSignal): Promise<Result>;
}

/** Calls of one function under way at once. */
const callsAtOnce = 8;

/**
 * @param limits calls a minute, where they are known to differ from what is assumed
 * @param windowMs a minute, unless a test is in a hurry
 */
export function callsPerMinute(
  limits: Readonly<Partial<Record<ResponsysFunction, number>>>,
  windowMs = 60_000,
): Governor {
  const queues = new Map<ResponsysFunction, { readonly slots: PQueue; readonly underWay: PQueue }>();
  const queuesOf = (api: ResponsysFunction) => {
    const present = queues.get(api);
    if (present !== undefined) return present;
    const made = {
      slots: new PQueue({ concurrency: limits[api] ?? assumedCallsPerMinute(api) }),
      underWay: new PQueue({ concurrency: callsAtOnce }),
    };
    queues.set(api, made);
    return made;
  };
  return {
    run: (api, call, signal) => {
      const { slots, underWay } = queuesOf(api);
      return new Promise((resolve, reject) => {
        // Ends the wait only: a slot that a call has used stays used for its minute.
        const waiting = new AbortController();
        let begun = false;
        const giveUp = (): void => {
          reject(signal?.reason as Error);
          if (!begun) waiting.abort();
        };
        const hold = async (): Promise<void> => {
          begun = true;
          await underWay
            .add(() => {
              signal?.throwIfAborted();
              return call();
            })
            .then(resolve, reject)
            .finally(() => signal?.removeEventListener('abort', giveUp));
          await new Promise<void>((free) => setTimeout(free, windowMs).unref());
        };
        signal?.addEventListener('abort', giveUp, { once: true });
        if (signal?.aborted === true) giveUp();
        slots.add(hold, { signal: waiting.signal }).catch(reject);
      });
    },
  };
}
