/**
 * When a filter's answer may next change by the clock alone: the earliest second at which one of its stored
 * times and a time that moves with now change sides. Until then the answer stays; it may stay longer, too.
 */
import { secondsOfJson } from './casts.ts';
import { shifted } from './date-text.ts';
import type { Shift } from './date-text.ts';
import type { Parameters } from './parameters.ts';
import type { Moving } from './scope.ts';

const SECOND_MS = 1_000;
const DAY_SECONDS = 86_400;
const MONTH_DAYS = 365.2425 / 12;

/** Days by which so many months of the calendar differ from months of equal length, at most, and a few more. */
const UNEVEN_DAYS = 6;

/** @returns SQL of a second since 1970, null for never */
export function dueOf(parameters: Parameters, moving: readonly Moving[]): string {
  const dues = moving.map(({ sql, isSet, shift }) => {
    const due = (seconds: string): string => dueOfTime(parameters, seconds, shift);
    if (!isSet) return due(sql);
    return `(case jsonb_typeof(${sql}) when 'array' then (select min(${due('d.s')}) from (select ${secondsOfJson('e.e')} as s from jsonb_array_elements(${sql}) as e (e) offset 0) as d) end)`;
  });
  return dues.length === 0 ? 'null::numeric' : `least(${dues.join(', ')})`;
}

/** Sides change when the moving second reaches the stored one, and when it leaves it. */
function dueOfTime(parameters: Parameters, seconds: string, shift: Shift): string {
  const now = parameters.addTimed((nowMs) => String(secondOf(nowMs)), 'numeric');
  const boundary = parameters.addTimed((nowMs) => textOf(shifted(shift, nowMs)), 'numeric');
  const steady = `(case when ${seconds} > ${boundary} then ${now} + (${seconds} - ${boundary}) when ${seconds} = ${boundary} then ${now} + 1 end)`;
  if (shift.unit !== 'M' && shift.unit !== 'y') return steady;
  // Days of a month are not even: around the time, every day may bring it back to the other side.
  const months = shift.unit === 'y' ? shift.amount * 12 : shift.amount;
  const reach = (days: number): string =>
    parameters.add(String(Math.round((days - months * MONTH_DAYS) * DAY_SECONDS)), 'numeric');
  const midnight = parameters.addTimed(
    (nowMs) => String((Math.floor(secondOf(nowMs) / DAY_SECONDS) + 1) * DAY_SECONDS),
    'numeric',
  );
  const [first, last] = [`${seconds} + ${reach(-UNEVEN_DAYS)}`, `${seconds} + ${reach(UNEVEN_DAYS)}`];
  return `(case when ${first} > ${now} then ${first} when ${last} >= ${now} then least(${midnight}, ${steady}) end)`;
}

const secondOf = (nowMs: number): number => Math.floor(nowMs / SECOND_MS);

const textOf = (seconds: number | undefined): string | null =>
  seconds === undefined ? null : String(seconds);
