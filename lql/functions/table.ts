/**
 * The functions of mapping expressions. Each gets its arguments compiled and gives one closure, so that a row
 * costs calls and no look-ups. Meanings are those of Lytics' engine: test/lql/ holds them against its answers.
 */
import { createHash } from 'node:crypto';
import { momentOf } from '../time-text.ts';
import { isList, isMoment, isPresent, numberOf, textOf, textOrFirst } from '../values.ts';
import type { Pair, Row, Value } from '../values.ts';
import { addressDomainOf, addressOf } from './address.ts';
import { sipHash } from './sip-hash.ts';
import { urlMainOf } from './url-main.ts';

/**
 * An expression, compiled.
 *
 * @param atMs the event's time
 * @param offsetMs of the clock that the event's time was read from; a stream's events are in UTC, so 0
 */
export type Evaluate = (row: Row, atMs: number, offsetMs: number) => Value | undefined;

export interface FunctionDefinition {
  /** Fewest and most arguments. */
  readonly args: readonly [number, number];
  /** Whether nothing but its one argument decides what it gives. */
  readonly isOfArgument?: true;
  /** Whether it takes much longer than to look up what it gave before. */
  readonly isSlow?: true;
  make(args: readonly Evaluate[]): Evaluate;
}

const nothing: Evaluate = () => undefined;

/** A function of a text, or of the first of a list of texts; "" is none. */
const ofText = (convert: (text: string) => Value | undefined): FunctionDefinition => ({
  args: [1, 1],
  isOfArgument: true,
  make:
    ([argument = nothing]) =>
    (row, atMs, offsetMs) => {
      const text = textOrFirst(argument(row, atMs, offsetMs));
      return text === undefined || text === '' ? undefined : convert(text);
    },
});

const slow = (definition: FunctionDefinition): FunctionDefinition => ({ ...definition, isSlow: true });

const ofValue = (convert: (value: Value) => Value | undefined): FunctionDefinition => ({
  args: [1, 1],
  isOfArgument: true,
  make:
    ([argument = nothing]) =>
    (row, atMs, offsetMs) => {
      const value = argument(row, atMs, offsetMs);
      return isPresent(value) ? convert(value) : undefined;
    },
});

/** A function of the event's time, or of the time in its argument; `localMs` is the time on its own clock. */
const ofTime = (convert: (localMs: number) => number): FunctionDefinition => ({
  args: [0, 1],
  make: ([argument]) =>
    argument === undefined
      ? (_row, atMs, offsetMs) => convert(atMs + offsetMs)
      : (row, atMs, offsetMs) => {
          const moment = timeOf(argument(row, atMs, offsetMs));
          return moment === undefined ? undefined : convert(moment.atMs + moment.offsetMs);
        },
});

function timeOf(value: Value | undefined): ReturnType<typeof momentOf> {
  if (value !== undefined && isMoment(value)) return value;
  const text = textOrFirst(value) ?? (isList(value ?? '') ? undefined : textOf(value));
  return text === undefined ? undefined : momentOf(text);
}

const digest = (algorithm: 'md5' | 'sha1' | 'sha256' | 'sha512'): FunctionDefinition =>
  slow(ofText((text) => createHash(algorithm).update(text).digest('hex')));

const HOUR_MS = 3_600_000;
const DAY_HOURS = 24;
const WEEK_HOURS = 168;
/** 1970 began on a Thursday; weeks begin on Sunday. */
const EPOCH_HOUR_OF_WEEK = 96;

const modulo = (value: number, by: number): number => ((value % by) + by) % by;
const hourOfWeek = (localMs: number): number =>
  modulo(Math.floor(localMs / HOUR_MS) + EPOCH_HOUR_OF_WEEK, WEEK_HOURS);
const monthOfYear = ofTime((localMs) => new Date(localMs).getUTCMonth() + 1);

function pair(args: readonly Evaluate[], keyOf: (key: string) => string): Evaluate {
  const [key = nothing, value = nothing] = args;
  return (row, atMs, offsetMs) => {
    const name = textOf(key(row, atMs, offsetMs));
    const one = value(row, atMs, offsetMs);
    return name === undefined || name === '' || !isPresent(one)
      ? undefined
      : { key: keyOf(name), value: one };
  };
}

const eventTime: Evaluate = (_row, atMs, offsetMs) => ({ atMs, offsetMs });

const listed = (value: Value): readonly Value[] => (isList(value) ? value.filter(isPresent) : [value]);

const one = (value: Value): Pair | undefined => {
  const key = textOf(value);
  return key === undefined || key === '' ? undefined : { key, value: 1 };
};

function counted(value: Value): Value | undefined {
  if (!isList(value)) return one(value);
  const pairs = value.map(one).filter((pair) => pair !== undefined);
  return pairs.length === 0 ? undefined : pairs;
}

export const functions = {
  count: ofValue(() => 1),
  sum: ofValue(numberOf),
  min: ofValue(numberOf),
  max: ofValue(numberOf),
  set: ofValue(listed),
  valuect: ofValue(counted),
  map: { args: [2, 2], make: (args) => pair(args, (key) => key) },
  maptime: {
    args: [1, 2],
    make: ([key = nothing, time = eventTime]) => pair([key, momentIn(time)], (k) => k.toLowerCase()),
  },
  email: ofText(addressOf),
  emaildomain: ofText(addressDomainOf),
  urlmain: slow(ofText(urlMainOf)),
  hash: slow(ofText(sipHash)),
  'hash.sip': slow(ofText(sipHash)),
  'hash.md5': digest('md5'),
  'hash.sha1': digest('sha1'),
  'hash.sha256': digest('sha256'),
  'hash.sha512': digest('sha512'),
  epochms: { args: [0, 0], make: () => (_row, atMs) => atMs },
  hourofday: ofTime((localMs) => modulo(Math.floor(localMs / HOUR_MS), DAY_HOURS)),
  hourofweek: ofTime(hourOfWeek),
  dayofweek: ofTime((localMs) => Math.floor(hourOfWeek(localMs) / DAY_HOURS)),
  monthofyear: monthOfYear,
  mm: monthOfYear,
  todate: { args: [1, 1], make: ([argument = nothing]) => momentIn(argument) },
  todatein: { args: [2, 2], make: dateInZone },
  toint: ofValue((value) => {
    const number = typeof value === 'bigint' ? value : numberOf(value);
    return typeof number === 'number' ? Math.trunc(number) : number;
  }),
  tonumber: ofValue(numberOf),
  exists: {
    args: [1, 1],
    make:
      ([argument = nothing]) =>
      (row, atMs, offsetMs) =>
        isPresent(argument(row, atMs, offsetMs)),
  },
} satisfies Readonly<Record<string, FunctionDefinition>>;

function momentIn(argument: Evaluate): Evaluate {
  return (row, atMs, offsetMs) => timeOf(argument(row, atMs, offsetMs));
}

function dateInZone([text = nothing, zone = nothing]: readonly Evaluate[]): Evaluate {
  return (row, atMs, offsetMs) => {
    const written = textOrFirst(text(row, atMs, offsetMs));
    return written === undefined ? undefined : momentOf(written, textOrFirst(zone(row, atMs, offsetMs)));
  };
}
