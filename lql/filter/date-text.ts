/**
 * Dates as a filter writes them: "now-30d" and the like, a date in the forms that Lytics reads, or seconds or
 * milliseconds since 1970. Compared are whole seconds.
 */
import { DateTime } from 'luxon';
import { momentOf } from '../time-text.ts';
import { isTime } from '../values.ts';

const units = ['s', 'm', 'h', 'd', 'w', 'M', 'y'] as const;
export type Unit = (typeof units)[number];

/** So many units from now; negative ones are before it. */
export interface Shift {
  readonly amount: number;
  readonly unit: Unit;
}

export type DateText = { readonly seconds: number } | { readonly shift: Shift };

const SECOND_MS = 1_000;
const secondsOf = { s: 1, m: 60, h: 3_600, d: 86_400, w: 7 * 86_400 } as const;

/** Beyond this a shift leads out of every calendar. */
const MOST_SHIFT = 1_000_000_000_000;

/** @returns undefined for what is no date */
export function readDate(text: string): DateText | undefined {
  if (text.startsWith('now')) {
    const [, sign = '', digits = '', unit = ''] = /^now([+-]?)(\d{1,12})([smhdwMy])$/.exec(text) ?? [];
    const found = units.find((one) => one === unit);
    if (found === undefined) return undefined;
    const shift = { amount: (sign === '-' ? -1 : 1) * Number(digits), unit: found };
    return shifted(shift, 0) === undefined ? undefined : { shift };
  }
  if (/^\d{10}$|^\d{13}$/.test(text)) return readEpoch(Number(text));
  const atMs = momentOf(text)?.atMs ?? unixDate(text);
  return atMs === undefined || !isTime(atMs) ? undefined : { seconds: Math.floor(atMs / SECOND_MS) };
}

/** As `date` prints it; the zone's name is not looked at. */
function unixDate(text: string): number | undefined {
  const plain = text
    .trim()
    .replaceAll(/ +/g, ' ')
    .replace(/ [A-Z]{3,4} (?=\d{4}$)/, ' ');
  const time = DateTime.fromFormat(plain, 'EEE MMM d HH:mm:ss yyyy', { zone: 'utc', locale: 'en' });
  return time.isValid ? time.toMillis() : undefined;
}

/** Seconds, or milliseconds where they are too many for seconds. Small numbers are no times. */
export function readEpoch(number: number): DateText | undefined {
  if (number >= 1e9 && number < 1e11) return { seconds: Math.floor(number) };
  return number >= 1e11 && number < 1e15 ? { seconds: Math.floor(number / SECOND_MS) } : undefined;
}

/**
 * The second that lies so far from now. Months and years are counted by the calendar of UTC, and days beyond
 * a month's end run into the next: one month before 31 March is 3 March, or 2 March in a leap year.
 */
export function shifted({ amount, unit }: Shift, nowMs: number): number | undefined {
  if (Math.abs(amount) > MOST_SHIFT) return undefined;
  if (unit !== 'M' && unit !== 'y') return within(Math.floor(nowMs / SECOND_MS) + amount * secondsOf[unit]);
  const date = new Date(nowMs);
  date.setUTCMonth(date.getUTCMonth() + (unit === 'y' ? amount * 12 : amount));
  return within(Math.floor(date.getTime() / SECOND_MS));
}

const within = (seconds: number): number | undefined => (isTime(seconds * SECOND_MS) ? seconds : undefined);
