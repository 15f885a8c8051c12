/**
 * Values of the mapping language. A value that is not there (absent, null, or not computable) is `undefined`,
 * in every function: what is not there writes nothing.
 */

/** A moment with the offset that it was written with: hours of the day are those of its own offset. */
export interface Moment {
  readonly atMs: number;
  readonly offsetMs: number;
}

export type Scalar = string | number | bigint | boolean | Moment;

/** One entry for a map: what map() and valuect() give for an event, without making a whole map of it. */
export interface Pair {
  readonly key: string;
  readonly value: Value;
}

export type Value = Scalar | Pair | readonly Value[];

/** A row of a stream by lower-case header name. Files give text; JSON may give the others. */
export type Row = Readonly<Record<string, unknown>>;

export const isList = (value: Value): value is readonly Value[] => Array.isArray(value);

export const isPair = (value: Value): value is Pair => typeof value === 'object' && 'key' in value;

export const isMoment = (value: Value): value is Moment => typeof value === 'object' && 'atMs' in value;

/** A row's cell as a value; what a row merely inherits (such as "constructor") is not there. */
export function cellOf(row: Row, name: string): Value | undefined {
  const cell = row[name];
  if (typeof cell === 'string') return cell;
  if (typeof cell === 'number' || typeof cell === 'boolean' || typeof cell === 'bigint') return cell;
  if (!Array.isArray(cell)) return undefined;
  return cell.filter((item) => ['string', 'number', 'boolean', 'bigint'].includes(typeof item)) as Value[];
}

/** Whether there is something in it: neither "" nor an empty list. */
export const isPresent = (value: Value | undefined): value is Value =>
  value !== undefined && value !== '' && !(isList(value) && value.length === 0);

/** The text itself, or the first of a list of texts. Numbers and booleans are no text. */
export function textOrFirst(value: Value | undefined): string | undefined {
  const first = value !== undefined && isList(value) ? value[0] : value;
  return typeof first === 'string' ? first : undefined;
}

/** A scalar as text: whole numbers in decimal digits, moments in ISO. */
export function textOf(value: Value | undefined): string | undefined {
  if (typeof value === 'string') return value;
  if (value === undefined) return undefined;
  if (typeof value !== 'object') return String(value);
  return isMoment(value) ? isoOf(value.atMs) : undefined;
}

/** Whether PostgreSQL takes the text into jsonb: without NUL, and without half a surrogate pair. */
export const isStorable = (text: string): boolean => text.isWellFormed() && !text.includes('\0');

/**
 * The same text with memory of its own: what was cut out of a longer one keeps all of that in memory, a whole
 * block of a file for one of its cells.
 */
export const standingAlone = (text: string): string =>
  text.isWellFormed() ? Buffer.from(text).toString() : Buffer.from(text, 'utf16le').toString('utf16le');

/** Milliseconds that a date of JavaScript reaches, before and after 1970. */
const MOST_MS = 8.64e15;

export const isTime = (atMs: number): boolean => atMs >= -MOST_MS && atMs <= MOST_MS;

export const isoOf = (atMs: number): string | undefined =>
  isTime(atMs) ? new Date(atMs).toISOString() : undefined;

export function numberOf(value: Value | undefined): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value !== 'string') return value !== undefined && isMoment(value) ? value.atMs : undefined;
  return /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?\s*$/i.test(value) ? finite(Number(value)) : undefined;
}

const finite = (value: number): number | undefined => (Number.isFinite(value) ? value : undefined);
