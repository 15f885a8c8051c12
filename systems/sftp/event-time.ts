/**
 * The times of event files: `17-Mar-2021 09:16:48` in any letter case, or ISO. Pure.
 */

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const oracle = /^(\d{1,2})-([A-Za-z]{3})-(\d{4}) (\d{2}):(\d{2}):(\d{2})$/;
const iso =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)? ?(Z|[+-]\d{2}(?::?\d{2})?)?$/i;

/**
 * A reader of times without a zone of their own, in this zone: `UTC`, `Europe/Berlin`, `+02:00`.
 * @returns milliseconds since 1970; undefined where it is no time
 * @throws RangeError when there is no such zone
 */
export function openEventTimes(zone = 'UTC'): (text: string) => number | undefined {
  const offsetOf = zoneOffsets(zone);
  const inZone = (local: number): number => {
    const guess = local - offsetOf(local);
    return local - offsetOf(guess);
  };
  const daysOf = openDays();
  return (text) => {
    const usual = daysOf(text);
    if (usual !== undefined) return inZone(usual);
    const trimmed = text.trim();
    const [, day, month, year, hour, minute, second] = oracle.exec(trimmed) ?? [];
    if (day !== undefined) {
      const local = utc(year, monthNumber(month), day, hour, minute, second);
      return local === undefined ? undefined : inZone(local);
    }
    const [, y, m, d, h, min, s, fraction, offset] = iso.exec(trimmed) ?? [];
    if (y === undefined) return undefined;
    const whole = utc(y, m, d, h, min, s);
    if (whole === undefined) return undefined;
    const local = whole + Number((fraction ?? '0').padEnd(3, '0').slice(0, 3));
    if (offset === undefined) return inZone(local);
    const own = offsetMs(offset);
    return own === undefined ? undefined : local - own;
  };
}

const mostDays = 1_000;
/** Characters of "17-Mar-2021 09:16:48", and of its day. */
const [usualLength, dayLength] = [20, 11];
const [zero, nine, colon] = [0x30, 0x39, 0x3a];

/**
 * Reads what nearly all rows have, whose days are few and are remembered.
 * @returns undefined where it is in any way unusual, for others to judge
 */
function openDays(): (text: string) => number | undefined {
  const days = new Map<string, number>();
  const numberAt = (text: string, at: number): number => {
    const [tens, ones] = [text.charCodeAt(at), text.charCodeAt(at + 1)];
    return tens < zero || tens > nine || ones < zero || ones > nine ? NaN : (tens - zero) * 10 + ones - zero;
  };
  return (text) => {
    if (text.length !== usualLength) return undefined;
    if (text.charCodeAt(14) !== colon || text.charCodeAt(17) !== colon || text.charCodeAt(11) !== 0x20)
      return undefined;
    const [hour, minute, second] = [numberAt(text, 12), numberAt(text, 15), numberAt(text, 18)];
    if (!(hour < 24 && minute < 60 && second < 60)) return undefined;
    const written = text.slice(0, dayLength);
    let day = days.get(written);
    if (day === undefined) {
      const [, date, month, year] = oracle.exec(`${written} 00:00:00`) ?? [];
      day = date === undefined ? undefined : utc(year, monthNumber(month), date, 0, 0, 0);
      if (day === undefined) return undefined;
      if (days.size === mostDays) days.clear();
      days.set(written, day);
    }
    return day + ((hour * 60 + minute) * 60 + second) * 1_000;
  };
}

const monthNumber = (name = ''): number => months.indexOf(name.toLowerCase()) + 1;

/** @returns undefined where a part is beyond its range: 30 February is no day, and no March either */
function utc(...parts: readonly (string | number | undefined)[]): number | undefined {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.map((part) =>
    Number(part ?? 0),
  );
  // A leap second is the last of its minute here.
  const ms = Date.UTC(year, month - 1, day, hour, minute, Math.min(second, 59));
  const date = new Date(ms);
  const isReal =
    date.getUTCFullYear() === year &&
    date.getUTCMonth() === month - 1 &&
    date.getUTCDate() === day &&
    date.getUTCHours() === hour &&
    date.getUTCMinutes() === minute &&
    second <= 60;
  return isReal ? ms : undefined;
}

function offsetMs(text: string): number | undefined {
  if (text.toUpperCase() === 'Z') return 0;
  const [, sign, hours = '', minutes = '0'] = /^([+-])(\d{2}):?(\d{2})?$/.exec(text) ?? [];
  if (sign === undefined || Number(hours) > 18 || Number(minutes) > 59) return undefined;
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
}

/** How far a zone is ahead of UTC at a time, asked once for each quarter of an hour. */
function zoneOffsets(zone: string): (ms: number) => number {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  if (format.resolvedOptions().timeZone === 'UTC') return () => 0;
  const known = new Map<number, number>();
  const quarterMs = 15 * 60_000;
  return (ms) => {
    const quarter = Math.floor(ms / quarterMs);
    let offset = known.get(quarter);
    if (offset === undefined) {
      const at = new Map(
        format.formatToParts(quarter * quarterMs).map(({ type, value }) => [type, Number(value)]),
      );
      const part = (type: Intl.DateTimeFormatPartTypes): number => at.get(type) ?? 0;
      const local = Date.UTC(
        part('year'),
        part('month') - 1,
        part('day'),
        part('hour'),
        part('minute'),
        part('second'),
      );
      offset = local - quarter * quarterMs;
      if (known.size > 100_000) known.clear();
      known.set(quarter, offset);
    }
    return offset;
  };
}
