/**
 * The calls of one function of one account that wait in this process. Slots are leased for several calls at
 * once; a leased slot is used within seconds or given back. What has ended is reported with the next lease.
 * Without an answer to its ask no call begins.
 */
import { ExpectedError } from '../../jobs/errors.ts';
import { lanes } from '../../jobs/lane.ts';
import type { ByLane, Lane } from '../../jobs/lane.ts';
import { capacityWindowMs, limitWindowMs, slotUseMs, unansweredCallMs } from '../../jobs/limits.ts';
import type { SlotAnswer, SlotAsk, WaitingCalls } from './budget.ts';
import { ResponsysError } from './errors.ts';
import type { Caller } from './governor.ts';

export interface Line {
  run<Result>(caller: Caller, call: () => Promise<Result>, signal?: AbortSignal): Promise<Result>;
  close(): Promise<void>;
}

/** Calls of one function and lane under way at once. */
const callsAtOnce = 8;
/** What ended is reported so soon, when nothing else is to be asked. */
const reportAfterMs = 1_000;

interface Waiter {
  readonly jobId: string;
  begin(leaseId: number): void;
  fail(error: Error): void;
}

interface Lease {
  readonly id: number;
  slots: number;
  readonly useUntilMs: number;
}

/** @param take leases slots, in the store */
export function openLine(take: (ask: SlotAsk) => Promise<SlotAnswer>, windowMs = limitWindowMs): Line {
  const waiting: Record<Lane, Waiter[]> = { live: [], bulk: [] };
  const underWay: Record<Lane, number> = { live: 0, bulk: 0 };
  /** When calls of the last second began, by lane: what is likely to be needed next. */
  const begunMs: Record<Lane, number[]> = { live: [], bulk: [] };
  let leases: Lease[] = [];
  let endedMs: number[] = [];
  let settled = new Map<number, number>();
  let blockMs = 0;
  let plenty = false;
  /** Before which another ask is of no use, by lane. */
  const askAtMs: Record<Lane, number> = { live: 0, bulk: 0 };
  let askedAtMs = 0;
  let asking: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let soon = false;

  const settle = (leaseId: number, slots: number): void =>
    void settled.set(leaseId, (settled.get(leaseId) ?? 0) + slots);

  function giveBack(isOver: (lease: Lease) => boolean): void {
    for (const lease of leases) if (isOver(lease)) settle(lease.id, lease.slots);
    leases = leases.filter((lease) => !isOver(lease));
  }

  function beginWhatMay(nowMs: number): void {
    giveBack((lease) => lease.useUntilMs <= nowMs || lease.slots === 0);
    for (const lane of lanes) {
      while (underWay[lane] < callsAtOnce && leases[0] !== undefined) {
        const next = waiting[lane].shift();
        if (next === undefined) break;
        const [lease] = leases;
        lease.slots -= 1;
        if (lease.slots === 0) leases.shift();
        underWay[lane] += 1;
        begunMs[lane].push(nowMs);
        next.begin(lease.id);
      }
    }
  }

  /** Calls that could begin at once. */
  const needed = (lane: Lane): number => Math.min(waiting[lane].length, callsAtOnce - underWay[lane]);

  /** With what is likely to be needed within the next second, where there is plenty. */
  function wanted(nowMs: number): ByLane {
    if (needed('live') + needed('bulk') === 0) return { live: 0, bulk: 0 };
    const ahead = (lane: Lane): number => {
      begunMs[lane] = begunMs[lane].filter((atMs) => nowMs - atMs < 1_000);
      return plenty ? begunMs[lane].length : 0;
    };
    return { live: needed('live') + ahead('live'), bulk: needed('bulk') + ahead('bulk') };
  }

  function look(): void {
    clearTimeout(timer);
    const nowMs = performance.now();
    beginWhatMay(nowMs);
    if (asking !== undefined) return;
    const askMs = Math.min(...lanes.map((lane) => (needed(lane) > 0 ? askAtMs[lane] : Infinity)));
    if (blockMs > 0 || askMs <= nowMs) void ask();
    else if (askMs < Infinity) timer = setTimeout(look, Math.ceil(askMs - nowMs));
    else if (leases.length > 0 || settled.size > 0)
      timer = setTimeout(report, Math.max(0, askedAtMs + reportAfterMs - nowMs)).unref();
  }

  function report(): void {
    beginWhatMay(performance.now());
    if (asking === undefined) void ask();
  }

  /** Together with what else is called in this turn. */
  function lookSoon(): void {
    if (soon) return;
    soon = true;
    setImmediate(() => {
      soon = false;
      look();
    });
  }

  function ask(): Promise<void> {
    const nowMs = performance.now();
    askedAtMs = nowMs;
    const wants = wanted(nowMs);
    const reported = { endedMs, settled, blockMs };
    endedMs = [];
    settled = new Map();
    blockMs = 0;
    // Not told again when the answer is lost: the leases then end by themselves.
    asking = orStoreFailure(
      take({
        endedAgoMs: reported.endedMs.map((atMs) => nowMs - atMs),
        settled: [...reported.settled].map(([leaseId, slots]) => ({ leaseId, slots })),
        blockMs: reported.blockMs,
        wants,
        waiting: whoWaits(waiting),
      }),
    ).then(
      (answer) => {
        plenty = answer.plenty;
        for (const lane of lanes)
          askAtMs[lane] = answer.granted[lane] < wants[lane] ? performance.now() + answer.retryMs : 0;
        const slots = answer.granted.live + answer.granted.bulk;
        if (slots > 0) leases.push({ id: answer.leaseId, slots, useUntilMs: nowMs + slotUseMs });
        // A minute or so is waited for here; longer, and whoever calls is to know.
        if (answer.blockedMs > 1.5 * windowMs) failAll(outOfCapacity(answer.blockedMs));
      },
      (error: unknown) => failAll(error as Error),
    );
    asking = asking.then(() => {
      asking = undefined;
      look();
    });
    return asking;
  }

  function failAll(error: Error): void {
    for (const lane of lanes) for (const waiter of waiting[lane].splice(0)) waiter.fail(error);
  }

  async function make<Result>(lane: Lane, leaseId: number, call: () => Promise<Result>): Promise<Result> {
    let isAnswered = true;
    try {
      return await call();
    } catch (error) {
      isAnswered = error instanceof ResponsysError && error.kind !== 'network';
      if (error instanceof ResponsysError) noteThrottle(error);
      throw error;
    } finally {
      underWay[lane] -= 1;
      settle(leaseId, 1);
      endedMs.push(performance.now() + (isAnswered ? 0 : unansweredCallMs));
      lookSoon();
    }
  }

  function noteThrottle({ kind }: ResponsysError): void {
    const forMs = kind === 'throttled' ? windowMs : kind === 'capacity' ? capacityWindowMs : 0;
    if (forMs === 0) return;
    blockMs = Math.max(blockMs, forMs);
    giveBack(() => true);
  }

  return {
    run: ({ lane, jobId = '' }, call, signal) =>
      new Promise((resolve, reject) => {
        const giveUp = (): void => {
          const at = waiting[lane].indexOf(waiter);
          if (at >= 0) waiting[lane].splice(at, 1);
          reject(signal?.reason as Error);
        };
        const waiter: Waiter = {
          jobId,
          fail: (error) => {
            signal?.removeEventListener('abort', giveUp);
            reject(error);
          },
          begin: (leaseId) => {
            // Whoever gives up need not wait for the end of the call; its slot does.
            void make(lane, leaseId, call)
              .then(resolve, reject)
              .finally(() => signal?.removeEventListener('abort', giveUp));
          },
        };
        if (signal?.aborted === true) {
          giveUp();
          return;
        }
        signal?.addEventListener('abort', giveUp, { once: true });
        waiting[lane].push(waiter);
        lookSoon();
      }),
    close: async () => {
      await asking;
      clearTimeout(timer);
      giveBack(() => true);
      if (settled.size > 0) await ask();
    },
  };
}

function whoWaits(waiting: Readonly<Record<Lane, readonly Waiter[]>>): readonly WaitingCalls[] {
  return lanes.flatMap((lane) => {
    const calls = new Map<string, number>();
    for (const { jobId } of waiting[lane]) calls.set(jobId, (calls.get(jobId) ?? 0) + 1);
    return [...calls].map(([jobId, count]) => ({ lane, jobId, calls: count }));
  });
}

const outOfCapacity = (blockedMs: number): ResponsysError =>
  new ResponsysError(
    'capacity',
    `Responsys is at the limit of its own capacity; nothing is called for ${Math.ceil(blockedMs / 60_000)} minutes`,
    { provesNothingSent: true },
  );

/** @throws ExpectedError SERVICE_UNAVAILABLE in the place of what the store threw */
export async function orStoreFailure<Result>(asked: Promise<Result>): Promise<Result> {
  try {
    return await asked;
  } catch (error) {
    const failure = new ExpectedError(
      'SERVICE_UNAVAILABLE',
      'The store, which says when Responsys may be called, cannot be reached; nothing was called.',
    );
    failure.cause = error;
    throw failure;
  }
}
