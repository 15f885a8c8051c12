import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { openChance } from '../../sandbox/events/chance.ts';
import { quotasOf } from '../../sandbox/events/quotas.ts';
import { tellStory } from '../../sandbox/events/happenings.ts';
import type { Happening } from '../../sandbox/events/happenings.ts';
import { madeUpPeople } from '../../sandbox/events/people.ts';
import { eventTypes } from '../../sandbox/events/types.ts';
import type { EventType } from '../../sandbox/events/types.ts';

const dayMs = 24 * 60 * 60_000;
const firstDayMs = Date.parse('2026-01-31');

const asked = fc.record({
  seed: fc.integer({ min: 0, max: 0xffff_ffff }),
  people: fc.integer({ min: 1, max: 300 }),
  days: fc.integer({ min: 1, max: 9 }),
  rows: fc.integer({ min: 18, max: 3_000 }),
  types: fc.shuffledSubarray([...eventTypes], { minLength: 1 }),
});

interface Asked {
  readonly seed: number;
  readonly people: number;
  readonly days: number;
  readonly rows: number;
  readonly types: readonly EventType[];
}

function tell({ seed, people, days, rows, types }: Asked): readonly Happening[] {
  const quotas = quotasOf(types, rows);
  const story = tellStory({
    chance: openChance(seed),
    people: madeUpPeople(people),
    quotas,
    days,
    firstDayMs,
  });
  return Array.from({ length: days }, (_, day) =>
    eventTypes.flatMap((type) => {
      const own = [...story.of(type, day)];
      assert.equal(own.length, story.count(type, day));
      for (const { atMs } of own)
        assert.equal(Math.floor((atMs - firstDayMs) / dayMs), day, 'what is in a day’s file is of that day');
      return own;
    }),
  ).flat();
}

describe('What happens in generated files', () => {
  test('is as many events as were asked for, of every type, and the same each time', () => {
    fc.assert(
      fc.property(asked, (request) => {
        const told = tell(request);
        assert.equal(told.length, request.rows);
        assert.deepEqual(new Set(told.map(({ type }) => type)), new Set(request.types));
        assert.deepEqual(tell(request), told);
      }),
      { numRuns: 60 },
    );
  });

  test('hangs together: who opens was sent it before, who clicks has opened, who buys has clicked', () => {
    const parents = {
      OPEN: 'SENT',
      CLICK: 'OPEN',
      CONVERT: 'CLICK',
      COMPLAINT: 'OPEN',
      OPT_OUT: 'OPEN',
      BOUNCE: 'SENT',
      SMS_DELIVERED: 'SMS_SENT',
      SMS_FAIL: 'SMS_SENT',
    } as const satisfies Partial<Record<EventType, EventType>>;
    fc.assert(
      fc.property(asked, (request) => {
        const told = tell({ ...request, types: eventTypes });
        const first = new Map<string, number>();
        const key = (type: EventType, { person, launch }: Happening) =>
          `${type} ${person?.riid ?? ''} ${launch}`;
        for (const one of told) {
          const before = first.get(key(one.type, one));
          if (before === undefined || one.atMs < before) first.set(key(one.type, one), one.atMs);
        }
        for (const one of told) {
          const parent = parents[one.type as keyof typeof parents] as EventType | undefined;
          if (parent === undefined) continue;
          const before = first.get(key(parent, one));
          assert.ok(before !== undefined && before <= one.atMs, `${one.type} ${one.number}`);
        }
      }),
      { numRuns: 40 },
    );
  });

  test('another seed tells another story', () => {
    const request = { seed: 1, people: 100, days: 2, rows: 500, types: eventTypes };
    assert.notDeepEqual(tell(request), tell({ ...request, seed: 2 }));
  });
});
