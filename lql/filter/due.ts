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
  const shifts = new Map<string, { readonly isSet: boolean; readonly shifts: Shift[] }>();
  for (const { sql, isSet, shift } of moving) {
    const known = shifts.get(sql);
    if (known === undefined) shifts.set(sql, { isSet, shifts: [shift] });
    else known.shifts.push(shift);
  }
  const dues = Array.from(shifts, ([sql, { isSet, shifts: all }]) => {
    const due = (seconds: string): string => dueOfTime(parameters, seconds, all);
    if (!isSet) return due(sql);
    return `(case jsonb_typeof(${sql}) when 'array' then (select min(${due('d.s')}) from (select ${secondsOfJson('e.e')} as s from jsonb_array_elements(${sql}) as e (e) offset 0) as d) end)`;
  });
  return dues.length === 0 ? 'null::numeric' : `least(${dues.join(', ')})`;
}

const isUneven = ({ unit }: Shift): boolean => unit === 'M' || unit === 'y';

function dueOfTime(parameters: Parameters, seconds: string, shifts: readonly Shift[]): string {
  const even = shifts.filter((shift) => !isUneven(shift));
  return `least(${[
    ...(even.length === 0 ? [] : [dueOfEven(parameters, seconds, even)]),
    ...shifts.filter(isUneven).map((shift) => dueOfUneven(parameters, seconds, shift)),
  ].join(', ')})`;
}

const nowIn = (parameters: Parameters): string =>
  parameters.addTimed((nowMs) => String(secondOf(nowMs)), 'numeric');

/**
 * Sides change when a moving second reaches the stored one, and when it leaves it: the first to do so is the
 * latest that is not behind it. One search, however many rules move with the same field.
 */
function dueOfEven(parameters: Parameters, seconds: string, shifts: readonly Shift[]): string {
  const now = nowIn(parameters);
  const boundaries = parameters.addTimed(
    (nowMs) =>
      shifts
        .flatMap((shift) => shifted(shift, nowMs) ?? [])
        .sort((one, other) => one - other)
        .map(String),
    'numeric[]',
  );
  return `(case when ${seconds} >= (${boundaries})[1] then ${now} + greatest(1, ${seconds} - (${boundaries})[width_bucket(${seconds}, ${boundaries})]) end)`;
}

function dueOfUneven(parameters: Parameters, seconds: string, shift: Shift): string {
  const now = nowIn(parameters);
  const boundary = parameters.addTimed((nowMs) => textOf(shifted(shift, nowMs)), 'numeric');
  const steady = `(case when ${seconds} > ${boundary} then ${now} + (${seconds} - ${boundary}) when ${seconds} = ${boundary} then ${now} + 1 end)`;
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
