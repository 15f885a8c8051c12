/**
 * What happens in a made-up campaign, event by event: who is sent what on which day, who opens it, clicks,
 * buys, complains or leaves. An open has a send before it, a click an open, an order a click. Every event is a
 * function of its type and number alone, so that a file of any size is made without holding it.
 */
import type { Chance } from './chance.ts';
import type { EventPerson } from './people.ts';
import type { EventType } from './types.ts';

export interface Happening {
  readonly type: EventType;
  /** Of its type, from 0. */
  readonly number: number;
  /** Of a LAUNCH_STATE nobody's. */
  readonly person: EventPerson | undefined;
  /** The launch's number; grows with the days. */
  readonly launch: number;
  readonly atMs: number;
  /** Where in the message it was clicked. */
  readonly link: number;
}

export interface Story {
  /** The events of a type on a day, from 0. */
  of(type: EventType, day: number): Iterable<Happening>;
  /** How many they are. */
  count(type: EventType, day: number): number;
}

export interface StoryOptions {
  readonly chance: Chance;
  readonly people: readonly EventPerson[];
  /** Events of each type; of a type that has none, as many are thought of as others need before them. */
  readonly quotas: Readonly<Partial<Record<EventType, number>>>;
  readonly days: number;
  /** The first day's begin. */
  readonly firstDayMs: number;
}

const minute = 60_000;
const hour = 60 * minute;
const dayMs = 24 * hour;

/** What has to have happened before, and within what time after it this follows. */
const follows: Readonly<
  Partial<Record<EventType, { readonly after: EventType; readonly withinMs: number }>>
> = {
  OPEN: { after: 'SENT', withinMs: 8 * hour },
  CLICK: { after: 'OPEN', withinMs: 30 * minute },
  CONVERT: { after: 'CLICK', withinMs: 90 * minute },
  COMPLAINT: { after: 'OPEN', withinMs: 4 * hour },
  OPT_OUT: { after: 'OPEN', withinMs: 2 * hour },
  SMS_DELIVERED: { after: 'SMS_SENT', withinMs: 5 * minute },
  SMS_OPEN: { after: 'SMS_DELIVERED', withinMs: 3 * hour },
  SMS_OPT_OUT: { after: 'SMS_DELIVERED', withinMs: 2 * hour },
};

/** Those of a launch's recipients who are not sent it stand behind those who are, in this order. */
const notSent = ['SKIPPED', 'FAIL', 'HOLDOUT_GROUP'] as const satisfies readonly EventType[];
/** Those who are sent it in vain: the first of the day, who then open nothing. */
const inVain = { BOUNCE: 'SENT', SMS_FAIL: 'SMS_SENT' } as const satisfies Partial<
  Record<EventType, EventType>
>;

export function tellStory({ chance, people, quotas, days, firstDayMs }: StoryOptions): Story {
  const most = Math.max(...Object.values(quotas));
  const size = (type: EventType): number => quotas[type] ?? most;
  /** The first number of a day. */
  const start = (type: EventType, day: number): number => Math.ceil((day * size(type)) / days);
  const dayOf = (type: EventType, number: number): number => Math.floor((number * days) / size(type));
  const startMs = (day: number): number => firstDayMs + day * dayMs;
  const lengthOf = (type: EventType, day: number): number => start(type, day + 1) - start(type, day);
  // Steps through all people before anybody's second turn.
  const stride = coprime(Math.floor(people.length * 0.618) + 1, people.length);

  /** The next of a day's recipients: who, and in which launch of the day. */
  function recipient(channel: 'email' | 'sms', day: number, place: number) {
    const round = Math.floor(place / people.length);
    const at = (chance(`${channel} recipients`, day) + (place % people.length) * stride) % people.length;
    return { person: people[at], launch: day * 1_000_000 + 2 * round + (channel === 'sms' ? 1 : 0) };
  }

  function happening(type: EventType, number: number): Happening {
    const day = dayOf(type, number);
    const place = number - start(type, day);
    const bits = chance(type, number);
    const own = { type, number, link: bits % 4 };
    const earlier = follows[type];
    if (earlier !== undefined) return { ...own, ...after(earlier, day, bits) };
    if (type === 'BOUNCE' || type === 'SMS_FAIL') {
      const sends = inVain[type];
      // Of a day on which nothing was sent: the last that was sent before it.
      const last = start(sends, day + 1) - 1;
      const sent = happening(
        sends,
        Math.min(start(sends, day) + (place % Math.max(1, lengthOf(sends, day))), last),
      );
      const atMs =
        dayOf(sends, sent.number) === day
          ? sent.atMs + 1_000 + (bits % (10 * minute))
          : startMs(day) + 8 * hour + (bits % (9 * hour));
      return { ...own, person: sent.person, launch: sent.launch, atMs };
    }
    if (type === 'LAUNCH_STATE') {
      const launches = Math.ceil(Math.max(1, lengthOf('SENT', day)) / people.length);
      const launch = day * 1_000_000 + 2 * (Math.floor(place / 2) % launches);
      return {
        ...own,
        person: undefined,
        launch,
        atMs: startMs(day) + 5 * hour + ((place * 1_000) % (18 * hour)),
      };
    }
    if (type === 'OPT_IN' || type === 'SMS_OPT_IN')
      return {
        ...own,
        person: people[bits % people.length],
        launch: 0,
        atMs: startMs(day) + (bits % (5 * hour)),
      };
    if (type === 'SMS_SENT')
      return { ...own, ...recipient('sms', day, place), atMs: startMs(day) + 11 * hour + (bits % hour) };
    const before = type === 'SENT' ? 0 : lengthOf('SENT', day) + placeBehind(type, day);
    const atMs = startMs(day) + 6 * hour + (bits % (3 * hour));
    return { ...own, ...recipient('email', day, before + place), atMs };
  }

  function placeBehind(type: EventType, day: number): number {
    let places = 0;
    for (const other of notSent) {
      if (other === type) break;
      places += lengthOf(other, day);
    }
    return places;
  }

  /** On the day of what it follows, mostly; else on a later one. */
  function after(
    { after: earlier, withinMs }: { after: EventType; withinMs: number },
    day: number,
    bits: number,
  ) {
    const end = start(earlier, day + 1);
    const from = end > start(earlier, day) && bits % 5 !== 0 ? start(earlier, day) : 0;
    // The first of a day were sent in vain.
    const failed = earlier === 'SENT' ? 'BOUNCE' : earlier === 'SMS_SENT' ? 'SMS_FAIL' : undefined;
    const skipped = failed === undefined || quotas[failed] === undefined ? 0 : lengthOf(failed, day);
    const first = from > 0 || day === 0 ? from + skipped : from;
    const number = first < end ? first + (chance('which', bits) % (end - first)) : from;
    const parent = happening(earlier, Math.min(number, end - 1));
    // What is ordered is what was clicked.
    const link = earlier === 'CLICK' ? parent.link : bits % 4;
    const delayMs = 5_000 + (chance('delay', bits) % withinMs);
    const isSameDay = dayOf(earlier, parent.number) === day;
    const atMs = isSameDay
      ? parent.atMs + delayMs
      : startMs(day) + 8 * hour + (chance('time', bits) % (9 * hour));
    return { person: parent.person, launch: parent.launch, link, atMs };
  }

  return {
    count: (type, day) => (quotas[type] === undefined ? 0 : lengthOf(type, day)),
    *of(type, day) {
      if (quotas[type] === undefined) return;
      for (let number = start(type, day); number < start(type, day + 1); number++)
        yield happening(type, number);
    },
  };
}

/** The next number from `from` on that has no divisor in common with the other. */
function coprime(from: number, other: number): number {
  const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));
  let found = from;
  while (divisor(found, other) !== 1) found += 1;
  return found;
}
