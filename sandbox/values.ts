/**
 * Which text is a value of which column type. A blank is a value of every type.
 * Timestamps: the two forms that were seen to be accepted (reference §3.6): ISO with its time, and
 * `YYYY-MM-DD HH:MM:SS`. Others are refused, since nothing shows that Responsys takes them.
 */
import type { FieldType } from './columns.ts';

const lengths: Partial<Record<FieldType, number>> = {
  STR25: 25,
  STR50: 50,
  STR100: 100,
  STR255: 255,
  STR500: 500,
  STR4000: 4000,
  CHAR: 1,
};

const timestamp =
  /^(\d{4})-(\d{2})-(\d{2})[T ]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-]\d{2}:?\d{2})?$/;

/** Whether the text is a value of the type. Lengths count characters, not bytes. */
export function isValueOf(type: FieldType, value: string): boolean {
  if (value === '') return true;
  switch (type) {
    case 'INTEGER':
      return /^[+-]?\d{1,38}$/.test(value);
    case 'NUMBER':
      return /^[+-]?(\d{1,38}(\.\d*)?|\.\d+)([eE][+-]?\d{1,2})?$/.test(value);
    case 'TIMESTAMP':
      return isTimestamp(value);
    default: {
      const length = lengths[type] ?? 0;
      return value.length <= length || Array.from(value).length <= length;
    }
  }
}

function isTimestamp(value: string): boolean {
  const match = timestamp.exec(value);
  if (match === null) return false;
  const [, year, month, day] = match.map(Number);
  const date = new Date(0);
  date.setUTCFullYear(year ?? 0, (month ?? 0) - 1, day);
  return date.getUTCMonth() + 1 === month && date.getUTCDate() === day;
}

/** A rough test, as any sender's: one @, a dotted domain, no blanks or brackets. Oracle's own rule is not public. */
export function isEmailAddress(value: string): boolean {
  return /^(?!\.)(?!.*\.\.)(?!.*\.@)[^\s@<>()[\]\\,;:"]{1,64}@([\p{L}\p{N}]([\p{L}\p{N}-]*[\p{L}\p{N}])?\.)+[\p{L}\p{N}]{2,63}$/u.test(
    value,
  );
}
