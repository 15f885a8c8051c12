/** The accounting of slots in a time of its own: workers that ask, call, report late, or die. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Lane } from '../../../jobs/lane.ts';
import { limitWindowMs, maxCallMs, slotUseMs } from '../../../jobs/limits.ts';
import { allow, leaseMs, usedMs } from '../../../systems/store/allowance.ts';

interface Call {
  readonly lane: Lane;
  readonly askedMs: number;
  readonly beganMs: number;
  readonly endedMs: number;
}

interface Scene {
  readonly limit: number;
  readonly untilMs: number;
  readonly workers: readonly {
    /** When calls come to wait, by lane; bulk that never ends is a thousand of them at 0. */
    readonly arrivalsMs: Readonly<Record<Lane, readonly number[]>>;
    /** It is heard of no more from then on; its calls under way go on. */
    readonly diesMs: number;
  }[];
  /** Drawn for each call and each ask. */
  readonly chance: () => number;
  readonly slowestMs: number;
}

/** Plays the scene. @returns every call that was made */
function play({ limit, untilMs, workers, chance, slowestMs }: Scene): readonly Call[] {
  let slots: { readonly worker: number; readonly freeMs: number; readonly used: boolean }[] = [];
  let bulkMs = 0;
  const calls: Call[] = [];
  const minds = workers.map((worker) => ({
    queue: { live: [...worker.arrivalsMs.live], bulk: [...worker.arrivalsMs.bulk] },
    unreported: [] as number[],
    waits: { live: 0, bulk: 0 },
    nextMs: chance() * 100,
  }));
  for (;;) {
    const at = minds.reduce(
      (best, mind, index) => (mind.nextMs < (minds[best]?.nextMs ?? 0) ? index : best),
      0,
    );
    const mind = minds[at];
    const nowMs = mind?.nextMs ?? Infinity;
    if (mind === undefined || nowMs > untilMs) return calls;
    if (nowMs >= (workers[at]?.diesMs ?? 0)) {
      mind.nextMs = Infinity;
      mind.waits = { live: 0, bulk: 0 };
      continue;
    }
    // What has ended is reported: in the place of the lease stands the use.
    const ended = mind.unreported.filter((endMs) => endMs <= nowMs);
    mind.unreported = mind.unreported.filter((endMs) => endMs > nowMs);
    for (const endMs of ended) {
      slots.splice(
        slots.findIndex((slot) => slot.worker === at && !slot.used),
        1,
      );
      slots.push({ worker: at, freeMs: endMs + usedMs(limitWindowMs), used: true });
    }
    slots = slots.filter(({ freeMs }) => freeMs > nowMs);
    const arrived = (lane: Lane): number => mind.queue[lane].filter((ms) => ms <= nowMs).length;
    const others = minds.filter((other) => other !== mind);
    const wants = { live: arrived('live'), bulk: Math.min(8, arrived('bulk')) };
    const { granted, retryMs } = allow(
      {
        limit,
        windowMs: limitWindowMs,
        taken: slots.length,
        nextFreeMs: Math.min(limitWindowMs, ...slots.map(({ freeMs }) => freeMs - nowMs)),
        blockedMs: 0,
        sinceBulkMs: nowMs - bulkMs,
        elsewhere: {
          live: others.reduce((sum, other) => sum + other.waits.live, 0),
          bulk: others.reduce((sum, other) => sum + other.waits.bulk, 0),
        },
      },
      wants,
    );
    if (granted.bulk > 0) bulkMs = nowMs;
    for (const lane of ['live', 'bulk'] as const) {
      assert.ok(granted[lane] <= wants[lane]);
      mind.waits[lane] = wants[lane] - granted[lane];
      for (const askedMs of mind.queue[lane].splice(0, granted[lane])) {
        const beganMs = nowMs + chance() * Math.min(slotUseMs, slowestMs);
        const endedMs = beganMs + chance() * slowestMs;
        calls.push({ lane, askedMs, beganMs, endedMs });
        slots.push({ worker: at, freeMs: nowMs + leaseMs(limitWindowMs), used: false });
        mind.unreported.push(endedMs);
      }
    }
    const soonest = Math.min(...mind.queue.live.filter((ms) => ms > nowMs), Infinity);
    mind.nextMs = nowMs + Math.min(Math.max(1, soonest - nowMs), retryMs) + chance() * 30;
  }
}

test('whenever Responsys counts a call between its begin and its end: no 60 seconds of any phase hold more than the limit', () => {
  const arrivals = fc.array(fc.integer({ min: 0, max: 150_000 }), { maxLength: 60 });
  const worker = fc.record({
    arrivalsMs: fc.record({ live: arrivals, bulk: arrivals.map((ms) => [...ms, ...ms]) }),
    diesMs: fc.oneof(fc.constant(Infinity), fc.integer({ min: 0, max: 200_000 })),
  });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 40 }),
      fc.array(worker, { minLength: 1, maxLength: 4 }),
      fc.constantFrom(50, 1_000, maxCallMs),
      fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
      (limit, workers, slowestMs, stream) => {
        const chance = (): number => stream.next().value as number;
        const calls = play({ limit, untilMs: 300_000, workers, slowestMs, chance });
        for (const { endedMs: fromMs } of calls) {
          const within = calls.filter((one) => one.endedMs >= fromMs && one.beganMs < fromMs + limitWindowMs);
          assert.ok(within.length <= limit, `${within.length} calls, ${limit} allowed`);
        }
      },
    ),
    { numRuns: 60 },
  );
});

const endless = Array.from({ length: 1_300 }, () => 0);
const scan = { arrivalsMs: { live: [], bulk: endless }, diesMs: Infinity };

test('bulk alone uses the whole allowance of every minute, from the first one on', () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 20, max: 250 }), (seed, limit) => {
      const calls = play({
        limit,
        untilMs: 240_000,
        workers: [scan, scan],
        slowestMs: 300,
        chance: chanceOf(seed),
      });
      for (const fromMs of [0, 60_000, 120_000, 180_000]) {
        const used = calls.filter(({ endedMs }) => endedMs >= fromMs && endedMs < fromMs + 60_000).length;
        assert.ok(used >= 0.95 * limit, `${used} of ${limit} from ${fromMs} ms`);
      }
    }),
    { numRuns: 8 },
  );
});

test('a live batch does not wait behind scans that use up every minute', () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 0, max: 200_000 }), (seed, atMs) => {
      const live = { arrivalsMs: { live: [atMs, atMs, atMs], bulk: [] }, diesMs: Infinity };
      const calls = play({
        limit: 200,
        untilMs: 240_000,
        workers: [scan, live, scan],
        slowestMs: 300,
        chance: chanceOf(seed),
      });
      const waited = calls.filter(({ lane }) => lane === 'live').map((one) => one.beganMs - one.askedMs);
      assert.equal(waited.length, 3);
      assert.ok(Math.max(...waited) < 4_000, `${Math.max(...waited)} ms`);
    }),
    { numRuns: 10 },
  );
});

test('while Responsys throttles nobody is given anything', () => {
  const standing = {
    limit: 10,
    windowMs: limitWindowMs,
    taken: 0,
    nextFreeMs: limitWindowMs,
    sinceBulkMs: 0,
  };
  const { granted } = allow(
    { ...standing, blockedMs: 1, elsewhere: { live: 0, bulk: 0 } },
    { live: 5, bulk: 5 },
  );
  assert.deepEqual(granted, { live: 0, bulk: 0 });
});

/** Repeatable numbers in [0, 1). */
function chanceOf(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return (state >>> 0) / 2 ** 32;
  };
}
