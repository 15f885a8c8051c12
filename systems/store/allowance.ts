/**
 * How slots of one function of an account are given out. Pure: what is taken comes in, what may be taken now
 * goes out. A slot is taken from its lease until a window after its call has ended, since Responsys may count
 * the call at any moment in between; so no window of any phase ever holds more calls than the limit.
 */
import type { ByLane } from '../../jobs/lane.ts';
import { maxCallMs, slotUseMs, unansweredCallMs } from '../../jobs/limits.ts';

/** Responsys' clock may run a little faster than the store's. */
const clockMarginMs = 50;

/** How long a slot stays taken when nothing is heard of its lease again: its worker died. */
export const leaseMs = (windowMs: number): number =>
  slotUseMs + maxCallMs + unansweredCallMs + usedMs(windowMs);

/** How long a slot stays taken after its call has ended. */
export const usedMs = (windowMs: number): number => windowMs + clockMarginMs;

/** A function as it stands at one moment, all workers together. */
export interface Standing {
  readonly limit: number;
  readonly windowMs: number;
  /** Slots that are leased, or were used within the window. */
  readonly taken: number;
  /** Until the first of them comes free. */
  readonly nextFreeMs: number;
  /** Above 0 while Responsys throttles. */
  readonly blockedMs: number;
  /** Since bulk was last given slots. */
  readonly sinceBulkMs: number;
  /** Calls that wait in other workers. */
  readonly elsewhere: ByLane;
}

export interface Allowed {
  readonly granted: ByLane;
  /** More than half is left: a worker may ask for more than it needs at once. */
  readonly plenty: boolean;
  /** When to ask again for what was not granted. */
  readonly retryMs: number;
}

const leastRetryMs = 20;
/** So often at the least is a waiting worker heard of. */
const mostRetryMs = 1_000;

/**
 * Live first, here and elsewhere. Bulk takes at once what is above half of the limit, and the rest at an even
 * pace until the next slot comes free: it uses the whole allowance, and live always finds a slot soon, instead
 * of a minute that a scan has used up in its first seconds.
 */
export function allow(standing: Standing, wants: ByLane): Allowed {
  const { limit, taken, nextFreeMs, blockedMs, elsewhere } = standing;
  if (blockedMs > 0) return { granted: { live: 0, bulk: 0 }, plenty: false, retryMs: retryIn(blockedMs) };
  const free = Math.max(0, limit - taken);
  const live = share(free, wants.live, elsewhere.live);
  const left = Math.max(0, free - wants.live - elsewhere.live);
  const intervalMs = intervalOfBulk(standing, left);
  // Whoever comes back after a rest does not make up for it.
  const sinceMs = Math.min(standing.sinceBulkMs, Math.max(mostRetryMs, intervalMs));
  const atOnce = Math.max(left - Math.floor(limit / 2), Math.floor(sinceMs / intervalMs));
  const bulk = share(Math.min(left, atOnce), wants.bulk, elsewhere.bulk);
  const nextBulkMs = left === bulk ? Infinity : bulk === 0 ? intervalMs - sinceMs : intervalMs;
  return {
    granted: { live, bulk },
    plenty: left - bulk > limit / 2,
    retryMs: retryIn(wants.bulk > bulk ? Math.min(nextFreeMs, nextBulkMs) : nextFreeMs),
  };
}

/** A lease's own end lies further away than that of its call: a slot is not likely to take longer than a window. */
const intervalOfBulk = ({ nextFreeMs, windowMs }: Standing, left: number): number =>
  Math.max(1, Math.min(nextFreeMs, usedMs(windowMs))) / Math.max(1, left);

/** What of `room` is ours, when others wait as well: in proportion, and at least one. */
const share = (room: number, ours: number, others: number): number =>
  Math.min(ours, Math.ceil((room * ours) / Math.max(1, ours + others)));

const retryIn = (ms: number): number => Math.min(mostRetryMs, Math.max(leastRetryMs, Math.ceil(ms)));
