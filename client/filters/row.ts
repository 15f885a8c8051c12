/**
 * A row to test a filter on, as JSON: texts, numbers, booleans, null, lists and objects; a time is
 * {"time": ISO} or {"time_offset_s": seconds from now}, a whole number of 64 bits {"int": digits}, a number
 * that is no whole one {"float": 5}. The row itself says which kinds its fields are of. Pure.
 */
import { notValid } from '../../jobs/errors.ts';
import type { FieldTypes, ValueType } from '../../lql/filter/field-types.ts';
import { isStorable } from '../../lql/values.ts';

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

export interface TypedRow {
  /** As the store would hold it. */
  readonly fields: Readonly<Record<string, Json>>;
  readonly fieldTypes: FieldTypes;
}

interface Typed {
  readonly type: ValueType;
  readonly value: Json;
  /** Of a map. */
  readonly entries?: ReadonlyMap<string, ValueType>;
}

/** @throws ExpectedError INPUT_NOT_VALID for a row that no profile could be */
export function readRow(row: unknown, nowMs: number): TypedRow {
  if (!isObject(row)) throw notValid('row', 'expected an object of fields');
  const typed = new Map(Object.entries(row).map(([field, value]) => [field, typedOf(field, value, nowMs)]));
  for (const [field, { value }] of typed)
    if (!isStorable(field) || !isStorableJson(value))
      throw notValid(`row, ${field}`, 'has a character that no field can hold');
  return {
    fields: Object.fromEntries([...typed].map(([field, { value }]) => [field, value])),
    fieldTypes: {
      typeOf: (field) => typed.get(field)?.type,
      typeInMap: (field, key) => typed.get(field)?.entries?.get(key),
    },
  };
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function isStorableJson(value: Json): boolean {
  if (typeof value === 'string') return isStorable(value);
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(([key, one]) => isStorable(key) && isStorableJson(one));
}

function typedOf(field: string, value: unknown, nowMs: number): Typed {
  // The engine tells null from missing; null has no type of its own, and is compared as a text would be.
  if (value === null) return { type: 'string', value };
  if (typeof value === 'string') return { type: 'string', value };
  if (typeof value === 'boolean') return { type: 'bool', value };
  if (typeof value === 'number') return { type: Number.isInteger(value) ? 'int' : 'float', value };
  if (Array.isArray(value)) return typedList(field, value, nowMs);
  if (!isObject(value)) throw notValid(`row, ${field}`, 'is no JSON value');
  return scalarOf(field, value, nowMs) ?? typedMap(field, value, nowMs);
}

/** An object of one key that stands for a scalar. */
function scalarOf(field: string, value: Readonly<Record<string, unknown>>, nowMs: number): Typed | undefined {
  const [[key, given] = [], more] = Object.entries(value);
  if (more !== undefined) return undefined;
  switch (key) {
    case 'time':
      return typeof given === 'string' ? timeOf(field, Date.parse(given)) : undefined;
    case 'time_offset_s':
      return typeof given === 'number' ? timeOf(field, nowMs + given * 1_000) : undefined;
    case 'int':
      return typeof given === 'string' && /^-?\d{1,19}$/.test(given)
        ? { type: 'int', value: Number.isSafeInteger(Number(given)) ? Number(given) : given }
        : undefined;
    case 'float':
      return typeof given === 'number' ? { type: 'float', value: given } : undefined;
    default:
      return undefined;
  }
}

function timeOf(field: string, atMs: number): Typed {
  const date = new Date(atMs);
  if (Number.isNaN(date.getTime())) throw notValid(`row, ${field}`, 'is no time');
  return { type: 'time', value: date.toISOString() };
}

function typedList(field: string, list: readonly unknown[], nowMs: number): Typed {
  const items = list.map((item) => typedOf(field, item, nowMs));
  const all = (type: ValueType): boolean => items.every((item) => item.type === type && item.value !== null);
  const type = all('string') ? 'strings' : all('time') ? 'times' : 'values';
  return { type, value: items.map(({ value }) => value) };
}

function typedMap(field: string, map: Readonly<Record<string, unknown>>, nowMs: number): Typed {
  const entries = Object.entries(map).map(([key, one]) => [key, typedOf(field, one, nowMs)] as const);
  return {
    type: 'map',
    value: Object.fromEntries(entries.map(([key, { value }]) => [key, value])),
    entries: new Map(entries.map(([key, { type }]) => [key, type])),
  };
}
