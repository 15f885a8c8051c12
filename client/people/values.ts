/**
 * Values of user fields as files write them. Pure: a value is of its field's kind, or it is none.
 */
import { kindInMap, kinds } from '../../jobs/user-fields.ts';
import type { Kind, MapKind } from '../../jobs/user-fields.ts';
import type { FieldValue } from '../../systems/store/profiles.ts';

/** The kind that a JSON value shows. */
export function kindOfJson(value: unknown): Kind | undefined {
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'number';
  if (Array.isArray(value)) return '[]string';
  return typeof value === 'object' && value !== null ? 'map[string]string' : undefined;
}

/** The kind of this name. */
export const kindNamed = (name: string | undefined): Kind | undefined => kinds.find((one) => one === name);

/** Whether there is a value at all: blank and null are none. */
export const isValue = (given: unknown): boolean =>
  given !== null && given !== undefined && !(typeof given === 'string' && given.trim() === '');

/** A scalar's text; undefined for anything else. */
export function textOf(given: unknown): string | undefined {
  if (typeof given === 'string') return given.trim();
  return typeof given === 'number' || typeof given === 'boolean' ? String(given) : undefined;
}

/** What keeps a text out of the store, or undefined. */
export function faultOfText(text: string): string | undefined {
  if (text.includes('\0')) return 'the text has a NUL character';
  // A byte that is no UTF-8 was read as U+FFFD: told rather than sent on to a customer's name.
  if (text.includes('\uFFFD') || !text.isWellFormed()) return 'the text is not UTF-8';
  return undefined;
}

const dateForm = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?$/i;

/** ISO 8601 (without a zone: UTC), or milliseconds since 1970. */
function dateOf(given: unknown): string | undefined {
  const text = textOf(given) ?? '';
  if (/^-?\d{9,15}$/.test(text)) return isoOf(new Date(Number(text)));
  if (!dateForm.test(text)) return undefined;
  const [day = '', time] = text.split(/[T ]/i);
  // JavaScript reads the 30th of February as the 1st of March.
  if (isoOf(new Date(`${day}T00:00:00Z`))?.slice(0, 10) !== day) return undefined;
  if (time === undefined) return isoOf(new Date(`${day}T00:00:00Z`));
  return isoOf(new Date(`${day}T${/Z|[+-]/i.test(time) ? time : `${time}Z`}`));
}

const isoOf = (date: Date): string | undefined =>
  Number.isNaN(date.getTime()) ? undefined : date.toISOString();

const truths: Readonly<Record<string, boolean>> = {
  true: true,
  t: true,
  yes: true,
  '1': true,
  false: false,
  f: false,
  no: false,
  '0': false,
};

/** @returns undefined where it is no value of the kind */
export function valueOfKind(given: unknown, kind: Kind): FieldValue | undefined {
  const text = textOf(given);
  switch (kind) {
    case 'string':
    case 'text':
      return text;
    case 'int':
      return /^[+-]?\d{1,15}$/.test(text ?? '') ? Number(text) : undefined;
    case 'number':
      return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,3})?$/i.test(text ?? '')
        ? finite(Number(text))
        : undefined;
    case 'bool':
      return truths[(text ?? '').toLowerCase()];
    case 'date':
      return dateOf(given);
    case '[]string':
    case '[]time': {
      const parts = Array.isArray(given) ? given.map(textOf) : text?.split('&').map((part) => part.trim());
      const values = parts
        ?.filter((part) => part !== '')
        .map((part) => (kind === '[]time' ? dateOf(part) : part));
      return values?.every((value) => value !== undefined) === true ? values : undefined;
    }
    case 'map[string]string':
    case 'map[string]int':
    case 'map[string]number':
    case 'map[string]bool':
    case 'map[string]time':
    case 'map[string]intsum':
      return mapOfKind(given, kind);
  }
}

function mapOfKind(given: unknown, kind: MapKind): FieldValue | undefined {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return undefined;
  const entries = Object.entries(given).map(
    ([key, value]) => [key, valueOfKind(value, kindInMap[kind])] as const,
  );
  return entries.every((entry): entry is readonly [string, string | number | boolean] =>
    ['string', 'number', 'boolean'].includes(typeof entry[1]),
  )
    ? Object.fromEntries(entries)
    : undefined;
}

const finite = (number: number): number | undefined => (Number.isFinite(number) ? number : undefined);
