/**
 * Values as a kind of user field holds them inside an aggregate: dates as milliseconds, whole numbers beyond
 * 53 bits as decimal text. A value that is none of its kind is undefined, and writes nothing.
 */
import { fieldLimits } from '../../jobs/limits.ts';
import type { Kind } from '../../jobs/user-fields.ts';
import { momentOf } from '../time-text.ts';
import { isList, isMoment, isoOf, isStorable, isTime, numberOf, textOf } from '../values.ts';
import type { Value } from '../values.ts';

export type Held = string | number | boolean;

export type ScalarKind = Exclude<Kind, `[]${string}` | `map${string}`>;

export const casts: Readonly<Record<ScalarKind, (value: Value) => Held | undefined>> = {
  string: heldText,
  text: heldText,
  int: heldInt,
  number: heldNumber,
  bool: heldBool,
  date: heldDate,
};

function heldText(value: Value): string | undefined {
  const text = textOf(isList(value) ? value[0] : value);
  return text === undefined || text === '' || isTooLong(text) || !isStorable(text) ? undefined : text;
}

/** No character of UTF-16 has more than three bytes, so that short texts need no counting. */
const isTooLong = (text: string): boolean =>
  text.length * 3 > fieldLimits.textBytes && Buffer.byteLength(text) > fieldLimits.textBytes;

function heldInt(value: Value): Held | undefined {
  if (typeof value === 'string' && /^[+-]?\d{16,19}$/.test(value)) return heldInt(BigInt(value));
  if (typeof value === 'bigint')
    return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER
      ? Number(value)
      : String(value);
  const number = numberOf(value);
  // Adding 0 makes 0 of -0, which JSON would do later.
  return number === undefined ? undefined : Math.trunc(number) + 0;
}

function heldNumber(value: Value): number | undefined {
  const number = numberOf(value);
  return number === undefined ? undefined : number + 0;
}

function heldBool(value: Value): boolean | undefined {
  if (typeof value === 'boolean') return value;
  const text = textOf(value)?.toLowerCase() ?? '';
  if (['true', 't', '1', 'yes'].includes(text)) return true;
  return ['false', 'f', '0', 'no'].includes(text) ? false : undefined;
}

function heldDate(value: Value): number | undefined {
  if (typeof value === 'number') return isTime(value) ? value + 0 : undefined;
  if (typeof value === 'bigint') return heldDate(Number(value));
  if (typeof value === 'string') return momentOf(value)?.atMs;
  return typeof value === 'object' && isMoment(value) ? value.atMs : undefined;
}

/** A held value as a profile shows it. */
export const shownAs = (kind: ScalarKind, held: Held): Held =>
  kind === 'date' && typeof held === 'number' ? (isoOf(held) ?? held) : held;

/** The greater of two held values, whichever comes first: what is decided at equal times. */
export function isGreater(one: Held, other: Held): boolean {
  if (typeof one === typeof other) return one > other;
  // A whole number may be held as text; beside a number it is compared as one.
  const [left, right] = [Number(one), Number(other)];
  return left === right || Number.isNaN(left + right) ? typeof one === 'string' : left > right;
}
