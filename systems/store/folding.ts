/**
 * The fields of two profiles that are one person's, as one. By Lytics' operators: counts add, first and last
 * times stay the first and the last, sets are united, maps are laid one over the other, of single values the
 * newer one wins. Pure.
 */
import type { FieldValue } from './profiles.ts';

type Fields = Readonly<Record<string, FieldValue>>;

export function foldFields(older: Fields, newer: Fields): Fields {
  const folded: Record<string, FieldValue> = { ...older };
  for (const [field, value] of Object.entries(newer)) {
    const before = older[field];
    folded[field] = before === undefined ? value : fold(field, before, value);
  }
  return folded;
}

function fold(field: string, before: FieldValue, value: FieldValue): FieldValue {
  if (isList(before) && isList(value)) return [...new Set([...before, ...value])];
  if (isMap(before) && isMap(value)) return { ...before, ...value };
  if (field.endsWith('_ct') && typeof before === 'number' && typeof value === 'number') return before + value;
  // By these an opt-out is known: the order in which profiles were written must not turn it.
  if (/(^|_)last_.*ts$/.test(field)) return timeOf(before) > timeOf(value) ? before : value;
  if (/(^|_)first_.*ts$/.test(field)) return timeOf(before) < timeOf(value) ? before : value;
  return value;
}

const isList = (value: FieldValue): value is readonly string[] => Array.isArray(value);
const isMap = (value: FieldValue): value is Readonly<Record<string, string | number | boolean>> =>
  typeof value === 'object' && !isList(value);

function timeOf(value: FieldValue): number {
  const time = typeof value === 'string' || typeof value === 'number' ? new Date(value).getTime() : NaN;
  return Number.isNaN(time) ? Number.NEGATIVE_INFINITY : time;
}
