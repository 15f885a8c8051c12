/**
 * Kinds of user fields, in Lytics' words, and the type of the Responsys column that holds each.
 */

export const kinds = [
  'string',
  'text',
  'int',
  'number',
  'bool',
  'date',
  '[]string',
  '[]time',
  'map[string]string',
  'map[string]int',
  'map[string]number',
  'map[string]bool',
  'map[string]time',
  'map[string]intsum',
] as const;
export type Kind = (typeof kinds)[number];

/** The kind of a map's values; a count that adds up is a whole number. */
export const kindInMap = {
  'map[string]string': 'string',
  'map[string]int': 'int',
  'map[string]number': 'number',
  'map[string]bool': 'bool',
  'map[string]time': 'date',
  'map[string]intsum': 'int',
} as const satisfies Partial<Record<Kind, Kind>>;
export type MapKind = keyof typeof kindInMap;

export const isMapKind = (kind: Kind): kind is MapKind => kind in kindInMap;

/** Types that a column of an extension table may have. Source: Oracle's REST guide, listExtensions-post. */
export const columnTypes = ['STR500', 'STR4000', 'INTEGER', 'NUMBER', 'TIMESTAMP'] as const;
export type ColumnType = (typeof columnTypes)[number];

const typeOfKind: Readonly<Record<Kind, ColumnType>> = {
  string: 'STR500',
  text: 'STR4000',
  int: 'INTEGER',
  number: 'NUMBER',
  bool: 'INTEGER',
  date: 'TIMESTAMP',
  '[]string': 'STR4000',
  '[]time': 'STR4000',
  'map[string]string': 'STR4000',
  'map[string]int': 'STR4000',
  'map[string]number': 'STR4000',
  'map[string]bool': 'STR4000',
  'map[string]time': 'STR4000',
  'map[string]intsum': 'STR4000',
};

export const columnTypeOf = (kind: Kind): ColumnType => typeOfKind[kind];

/** Whether values of a kind can be written to an existing column of this type, whatever the list calls it. */
export function fitsColumn(kind: Kind, columnType: string): boolean {
  const type = columnType.toUpperCase();
  if (/^STR\d+$/.test(type)) return true;
  if (type === 'INTEGER') return kind === 'int' || kind === 'bool';
  if (type === 'NUMBER') return kind === 'int' || kind === 'number' || kind === 'bool';
  return type === 'TIMESTAMP' && kind === 'date';
}
