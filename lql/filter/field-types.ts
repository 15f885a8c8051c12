/**
 * Of what type a field's value is where a filter reads it. The type decides what a comparison means; it comes
 * from the field's kind, not from the value, so that a filter means the same for every profile.
 */
import { isMapKind, kindInMap } from '../../jobs/user-fields.ts';
import type { Kind } from '../../jobs/user-fields.ts';

export type ValueType =
  'string' | 'int' | 'float' | 'bool' | 'time' | 'strings' | 'times' | 'values' | 'map' | 'null';

export interface FieldTypes {
  /** Undefined where there is no such field. */
  typeOf(field: string): ValueType | undefined;
  /** Of a map's values, or of the one under this key. */
  typeInMap(field: string, key: string): ValueType | undefined;
}

const scalarTypes = {
  string: 'string',
  text: 'string',
  int: 'int',
  number: 'float',
  bool: 'bool',
  date: 'time',
} as const;

function typeOfKind(kind: Kind): ValueType {
  if (isMapKind(kind)) return 'map';
  if (kind === '[]string') return 'strings';
  return kind === '[]time' ? 'times' : scalarTypes[kind];
}

/** The types of user fields. A field that is not among them is never there. */
export const fieldTypesOf = (kinds: ReadonlyMap<string, Kind>): FieldTypes => ({
  typeOf(field) {
    const kind = kinds.get(field);
    return kind === undefined ? undefined : typeOfKind(kind);
  },
  typeInMap(field) {
    const kind = kinds.get(field);
    return kind !== undefined && isMapKind(kind) ? scalarTypes[kindInMap[kind]] : undefined;
  },
});
