/** What the parts of a filter's compiler share: the parameters, the fields read, and the times compared with. */
import { notValid } from '../../jobs/errors.ts';
import type { Shift } from './date-text.ts';
import { shifted } from './date-text.ts';
import type { FieldTypes, ValueType } from './field-types.ts';
import type { Operand, Texts } from './operand.ts';
import { nothing, textSeparator } from './operand.ts';
import {
  joinedTextsOfJson,
  numberOfJson,
  ofJsonType,
  secondsOfJson,
  textOfJson,
  textsOfJson,
  truthOfJson,
  wholeText,
} from './casts.ts';
import type { Parameters } from './parameters.ts';
import { filterLanguage } from './tokens.ts';
import type { FieldName } from './tree.ts';

/** Conditions and values of one filter, those of the filters that it includes counted in. */
const MOST_NODES = 5_000;

/** A comparison of a stored time with one that moves. */
export interface Moving {
  /** SQL of the stored time's seconds, or of an array of times. */
  readonly sql: string;
  readonly isSet: boolean;
  readonly shift: Shift;
}

export interface Scope {
  readonly parameters: Parameters;
  readonly fieldTypes: FieldTypes;
  readonly columns: Columns;
  readonly moving: Moving[];
  /** Names of fields that are read, as they are written. */
  readonly fields: Map<string, ValueType | undefined>;
  nodes: number;
}

/**
 * What is taken out of a profile once, however often it is mentioned: names of columns by the SQL of what they
 * hold. Each may mention those before it.
 */
export interface Columns {
  /** The JSON of a field, or of a key in a map. */
  readonly json: Map<string, string>;
  /** Of the JSON: its text, and the elements of a set. */
  readonly texts: Map<string, string>;
  /** Of both: the value of its type, and the elements of a set as one text. */
  readonly values: Map<string, string>;
}

export const newColumns = (): Columns => ({ json: new Map(), texts: new Map(), values: new Map() });
export const countOf = ({ json, texts, values }: Columns): number => json.size + texts.size + values.size;

/** @param columns those of other filters, where it is one of several in one SELECT */
export const newScope = (
  parameters: Parameters,
  fieldTypes: FieldTypes,
  columns: Columns = newColumns(),
): Scope => ({
  parameters,
  fieldTypes,
  columns,
  moving: [],
  fields: new Map(),
  nodes: 0,
});

export function countNode(scope: Scope): void {
  scope.nodes++;
  if (scope.nodes > MOST_NODES)
    throw notValid(
      filterLanguage.name,
      `has more than ${MOST_NODES} conditions and values, those of included audiences counted in`,
    );
}

/** The field's value. A name with a dot is a field of this very name, or else a map and a key. */
export function fieldOperand(scope: Scope, name: FieldName): Operand {
  const dot = name.whole.indexOf('.');
  const map = name.map ?? (dot > 0 ? name.whole.slice(0, dot) : undefined);
  const key = name.key ?? name.whole.slice(dot + 1);
  const ownType = name.whole === '' ? undefined : scope.fieldTypes.typeOf(name.whole);
  const inMap = map === undefined ? undefined : scope.fieldTypes.typeInMap(map, key);
  if (ownType !== undefined) scope.fields.set(name.whole, ownType);
  if (map !== undefined && inMap !== undefined) scope.fields.set(map, 'map');
  const type = ownType ?? inMap;
  if (type === undefined) {
    scope.fields.set(map ?? name.whole, scope.fieldTypes.typeOf(map ?? name.whole));
    return nothing;
  }
  const own = ownType === undefined ? undefined : `fields -> ${scope.parameters.add(name.whole, 'text')}`;
  const entry =
    map === undefined || inMap !== type
      ? undefined
      : `fields -> ${scope.parameters.add(map, 'text')} -> ${scope.parameters.add(key, 'text')}`;
  const { columns } = scope;
  const json = columnOf(
    columns.json,
    'c',
    own !== undefined && entry !== undefined ? `coalesce(${own}, ${entry})` : (own ?? entry ?? ''),
  );
  return {
    type,
    sql: columnOf(columns.values, 'x', valueOf(columns, type, json)),
    missing: `${json} is null`,
    nil: `jsonb_typeof(${json}) = 'null'`,
    ...(type === 'strings' || type === 'values' ? { texts: textsIn(columns, json) } : {}),
  };
}

function columnOf(columns: Map<string, string>, letter: 'c' | 't' | 'x', sql: string): string {
  const name = columns.get(sql) ?? `v.${letter}${columns.size + 1}`;
  columns.set(sql, name);
  return name;
}

function textsIn(columns: Columns, json: string): Texts {
  return {
    array: () => columnOf(columns.texts, 't', textsOfJson(json)),
    joined: () => columnOf(columns.values, 'x', joinedTextsOfJson(json, textSeparator.sql)),
  };
}

function valueOf(columns: Columns, type: ValueType, json: string): string {
  switch (type) {
    case 'string':
      return textOfJson(json);
    case 'int':
    case 'float':
      return numberOfJson(json);
    case 'bool':
      return truthOfJson(json);
    case 'time':
      return secondsOfJson(json, columnOf(columns.texts, 't', wholeText(json)));
    case 'strings':
    case 'times':
    case 'values':
      return ofJsonType(json, 'array');
    case 'map':
      return ofJsonType(json, 'object');
    case 'null':
      return 'null::jsonb';
  }
}

/** The second so far from now, as a parameter that moves with it. */
export const movingSeconds = (scope: Scope, shift: Shift): string =>
  scope.parameters.addTimed((nowMs) => {
    const seconds = shifted(shift, nowMs);
    return seconds === undefined ? null : String(seconds);
  }, 'numeric');

export const tooDeep = (most: number): Error =>
  notValid(filterLanguage.name, `has more than ${most} conditions within one another`);
