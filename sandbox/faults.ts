/**
 * Faults on demand: what the network and Responsys do at their worst moments, ordered by the control API and
 * met by the next matching calls.
 */
import { z } from 'zod';
import { functionNames } from './functions.ts';

/** A fault, as it is ordered. */
export const faultSchema = z.strictObject({
  /** The function whose calls meet it; `*`: any. */
  on: z.enum(['*', ...functionNames]).default('*'),
  /** Only calls on the list, table or campaign of this name. */
  match: z.string().optional(),
  kind: z.enum([
    /** The call takes `ms` longer, before its work. */
    'latency',
    /** The work is done, the answer comes `ms` later. */
    'delay-after',
    /** The connection is reset before any work. */
    'reset-before',
    /** The work is done, then the connection is reset without an answer. */
    'reset-after',
    /** 500 UNEXPECTED_EXCEPTION, no work done. */
    'status-500',
    /** A gateway's 502 in HTML, no work done. */
    'non-json',
    /** API_LIMIT_EXCEEDED, whatever the budget. */
    'throttle',
    /** INTERNAL_CAPACITY_LIMIT_EXCEEDED. */
    'capacity',
    /** All tokens are forgotten, before the call's own is looked at. */
    'token-loss',
    /** Every call, logins too, is answered 503 for `ms`, from now on; `on`, `times` and `after` do not matter. */
    'maintenance',
  ]),
  ms: z.number().int().min(0).default(0),
  /** How many calls meet it. */
  times: z.union([z.number().int().positive(), z.literal('always')]).default(1),
  /** How many matching calls pass before the first that meets it. */
  after: z.number().int().min(0).default(0),
});

export type Fault = z.infer<typeof faultSchema>;

export interface Faults {
  order(faults: readonly Fault[]): void;
  /** The faults that this call meets, each counted down. */
  meet(api: string, objects: readonly string[]): readonly Fault[];
  underMaintenance(): boolean;
  waiting(): readonly Fault[];
  clear(): void;
}

interface Waiting {
  readonly fault: Fault;
  after: number;
  times: number;
}

export function createFaults(): Faults {
  let waiting: Waiting[] = [];
  let maintenanceUntilMs = 0;

  function meets(entry: Waiting, api: string, objects: readonly string[]): boolean {
    const { on, match } = entry.fault;
    if (on !== '*' && on !== api) return false;
    if (match !== undefined && !objects.includes(match)) return false;
    if (entry.after > 0) {
      entry.after -= 1;
      return false;
    }
    entry.times -= 1;
    return true;
  }

  return {
    order(faults) {
      for (const fault of faults) {
        const times = fault.times === 'always' ? Infinity : fault.times;
        if (fault.kind === 'maintenance') maintenanceUntilMs = Date.now() + fault.ms;
        else waiting.push({ fault, after: fault.after, times });
      }
    },
    meet(api, objects) {
      if (waiting.length === 0) return [];
      const met = waiting.filter((entry) => meets(entry, api, objects));
      waiting = waiting.filter((entry) => entry.times > 0);
      return met.map((entry) => entry.fault);
    },
    underMaintenance: () => Date.now() < maintenanceUntilMs,
    waiting: () =>
      waiting.map(({ fault, after, times }) => ({
        ...fault,
        after,
        times: times === Infinity ? 'always' : times,
      })),
    clear() {
      waiting = [];
      maintenanceUntilMs = 0;
    },
  };
}
