/**
 * The time of an event as files write it: `DD-Mon-YYYY HH24:MI:SS` in any letter case, or ISO 8601. A time
 * that names no zone is of the job's. Pure.
 */

const months = new Map(
  ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'].map((name, index) => [
    name,
    index,
  ]),
);
const oracle = /^(\d{1,2})-([A-Za-z]{3})-(\d{4}) (\d{2}):(\d{2}):(\d{2})$/;
const iso =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?\s*(Z|[+-]\d{2}:?\d{2})?)?$/i;

/** @returns a reader of times: milliseconds since 1970, undefined for what is no time of the calendar */
export function timeReader(timeZone: string): (text: string) => number | undefined {
  const offsetOf = offsetsOf(timeZone);
  const inZone = (local: number | undefined): number | undefined => {
    if (local === undefined) return undefined;
    // Twice: the first guess may lie on the other side of a change of the clocks.
    return local - offsetOf(local - offsetOf(local));
  };
  return (text) => {
    const trimmed = text.trim();
    const found = oracle.exec(trimmed);
    if (found !== null) {
      const month = months.get((found[2] ?? '').toLowerCase());
      return month === undefined
        ? undefined
        : inZone(utc(found[3], month, found[1], found[4], found[5], found[6], undefined));
    }
    const parts = iso.exec(trimmed);
    if (parts === null) return undefined;
    const local = utc(parts[1], Number(parts[2]) - 1, parts[3], parts[4], parts[5], parts[6], parts[7]);
    const zone = parts[8];
    if (zone === undefined || local === undefined) return inZone(local);
    return local - zoneMs(zone);
  };
}

type Digits = string | undefined;

function utc(
  year: Digits,
  month: number,
  day: Digits,
  hours: Digits = '0',
  minutes: Digits = '0',
  seconds: Digits = '0',
  fraction: Digits = '',
): number | undefined {
  const [h, m, s] = [Number(hours), Number(minutes), Number(seconds)];
  if (h > 23 || m > 59 || s > 59) return undefined;
  const ms = Date.UTC(Number(year), month, Number(day), h, m, s, Number(fraction.slice(0, 3).padEnd(3, '0')));
  // JavaScript reads the 30th of February as the 1st of March.
  const date = new Date(ms);
  return date.getUTCDate() === Number(day) && date.getUTCMonth() === month ? ms : undefined;
}

function zoneMs(zone: string): number {
  if (zone.toUpperCase() === 'Z') return 0;
  const [hours, minutes] = [Number(zone.slice(1, 3)), Number(zone.slice(-2))];
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}

const quarterHourMs = 15 * 60_000;

/** How far a zone is ahead of UTC at a moment. Kept by quarters of an hour, in which no zone changes. */
function offsetsOf(timeZone: string): (atMs: number) => number {
  if (timeZone === 'UTC') return () => 0;
  const format = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' });
  const known = new Map<number, number>();
  return (atMs) => {
    const quarter = Math.floor(atMs / quarterHourMs);
    const present = known.get(quarter);
    if (present !== undefined) return present;
    const name = format.formatToParts(quarter * quarterHourMs).find(({ type }) => type === 'timeZoneName');
    const [, sign, hours, minutes = '0'] = /GMT([+-])(\d{2}):?(\d{2})?/.exec(name?.value ?? '') ?? [];
    const offset = (sign === '-' ? -1 : 1) * (Number(hours ?? 0) * 60 + Number(minutes)) * 60_000;
    if (known.size >= 10_000) known.clear();
    known.set(quarter, offset);
    return offset;
  };
}
