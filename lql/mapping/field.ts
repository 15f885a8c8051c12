/**
 * What a column makes of a user field: its kind and its merge operator, which the column names or its
 * outermost function implies. Source of kinds and operators: Lytics' "Fields & Mappings".
 */
import { fieldLimits } from '../../jobs/limits.ts';
import { isMapKind, kindInMap, kinds } from '../../jobs/user-fields.ts';
import type { Kind } from '../../jobs/user-fields.ts';
import { casts } from '../aggregate/cast.ts';
import type { ScalarKind } from '../aggregate/cast.ts';
import { foldedEntry, mapOf, setOf, timedEntry, wholeByTime } from '../aggregate/collections.ts';
import { asAny } from '../aggregate/operator.ts';
import type { AnyState, Operator } from '../aggregate/operator.ts';
import { asItIs, byTime, folded, folds, inMillionths, preferences } from '../aggregate/scalars.ts';
import { faultAt } from '../syntax.ts';
import { isoOf } from '../values.ts';
import type { Column, Expression, Word } from './expression.ts';
import { mappingLanguage } from './tokens.ts';

const mergeOperators = {
  scalar: ['latest', 'oldest', 'min', 'max', 'sum'],
  set: ['merge', 'latest', 'oldest'],
  map: ['latestmap', 'oldestmap', 'mapmin', 'mapmax', 'sum', 'latest', 'oldest'],
} as const;
type Shape = keyof typeof mergeOperators;
export type MergeOperator = (typeof mergeOperators)[Shape][number];

export interface UserField {
  readonly name: string;
  readonly kind: Kind;
  readonly mergeOperator: MergeOperator;
  /** Entries of a set or a map. */
  readonly capacity: number;
  readonly description: string | undefined;
  /** Whether it is named after BY: its values find the profile. */
  readonly isIdentity: boolean;
}

interface Implied {
  readonly kind: Kind;
  readonly mergeOperator?: MergeOperator;
}

/** What a column of this function is, unless it says otherwise; any other is a string, the latest. */
const implied: ReadonlyMap<string, Implied> = new Map([
  ['count', { kind: 'int', mergeOperator: 'sum' }],
  ['sum', { kind: 'number', mergeOperator: 'sum' }],
  ['min', { kind: 'number', mergeOperator: 'min' }],
  ['max', { kind: 'number', mergeOperator: 'max' }],
  ['set', { kind: '[]string', mergeOperator: 'merge' }],
  ['valuect', { kind: 'map[string]intsum', mergeOperator: 'sum' }],
  ['map', { kind: 'map[string]string', mergeOperator: 'latestmap' }],
  ['maptime', { kind: 'map[string]time', mergeOperator: 'latestmap' }],
  ['epochms', { kind: 'date' }],
  ['todate', { kind: 'date' }],
  ['todatein', { kind: 'date' }],
  ['tonumber', { kind: 'number' }],
  ['exists', { kind: 'bool' }],
  ...['hourofday', 'hourofweek', 'dayofweek', 'monthofyear', 'mm', 'toint'].map((name): [string, Implied] => [
    name,
    { kind: 'int' },
  ]),
]);

const ordinary = { scalar: 'latest', set: 'merge', map: 'latestmap' } as const satisfies Record<
  Shape,
  MergeOperator
>;

const shapeOf = (kind: Kind): Shape => (isMapKind(kind) ? 'map' : kind.startsWith('[]') ? 'set' : 'scalar');

export function userFieldOf(column: Column, identities: readonly Word[]): UserField {
  const name = column.name.text;
  const given = impliedBy(column.expression);
  const kind = kindOf(column.kind) ?? given.kind;
  const shape = shapeOf(kind);
  const fitting: readonly string[] = mergeOperators[shape];
  const implicit = kind === 'map[string]intsum' ? 'sum' : given.mergeOperator;
  const mergeOperator =
    column.mergeOperator === undefined
      ? implicit !== undefined && fitting.includes(implicit)
        ? implicit
        : ordinary[shape]
      : mergeOperatorOf(column.mergeOperator, kind);
  if (['min', 'max', 'sum', 'mapmin', 'mapmax'].includes(mergeOperator))
    mustBeNumeric(column, kind, mergeOperator);
  return {
    name,
    kind,
    mergeOperator,
    capacity: capacityOf(column, shape),
    description: column.shortDescription ?? column.longDescription,
    isIdentity: identities.some(({ text }) => text === name),
  };
}

const impliedBy = (expression: Expression): Implied =>
  (expression.type === 'call' ? implied.get(expression.name) : undefined) ?? { kind: 'string' };

function kindOf(word: Word | undefined): Kind | undefined {
  if (word === undefined) return undefined;
  const kind = kinds.find((one) => one === word.text);
  if (kind === undefined) throw fault(word, `${word.text} is no kind; there are ${kinds.join(', ')}`);
  return kind;
}

function mergeOperatorOf(word: Word, kind: Kind): MergeOperator {
  const fitting: readonly MergeOperator[] = mergeOperators[shapeOf(kind)];
  const found = fitting.find((one) => one === word.text.toLowerCase());
  if (found === undefined)
    throw fault(word, `${word.text} does not merge ${kind}; what does is ${fitting.join(', ')}`);
  return found;
}

function mustBeNumeric(column: Column, kind: Kind, mergeOperator: MergeOperator): void {
  const scalar = isMapKind(kind) ? kindInMap[kind] : kind;
  const fits =
    scalar === 'int' || scalar === 'number' || (scalar === 'date' && !mergeOperator.includes('sum'));
  if (!fits)
    throw fault(
      column.kind ?? column.name,
      `${column.name.text} is merged by ${mergeOperator}, which ${kind} has no order or sum for; KIND int, number or date would do`,
    );
}

function capacityOf({ capacity }: Column, shape: Shape): number {
  if (capacity === undefined) return fieldLimits.entries;
  const { entries, place } = capacity;
  const isRight = Number.isInteger(entries) && entries >= 1 && entries <= fieldLimits.entries;
  if (!isRight || shape === 'scalar')
    throw faultAt(
      mappingLanguage.name,
      place,
      shape === 'scalar'
        ? 'CAPACITY is for sets and maps'
        : `CAPACITY is a whole number from 1 to ${fieldLimits.entries}`,
    );
  return entries;
}

const fault = (word: Word, text: string): Error => faultAt(mappingLanguage.name, word.place, text);

export function operatorOf({ kind, mergeOperator, capacity }: UserField): Operator<AnyState> {
  const bounds = { entries: capacity, keyBytes: fieldLimits.keyBytes };
  if (isMapKind(kind)) {
    const inner = kindInMap[kind];
    const cast = casts[inner];
    const scale = inner === 'number' && mergeOperator === 'sum' ? inMillionths : asItIs;
    switch (mergeOperator) {
      case 'sum':
        return asAny(mapOf(foldedEntry(inner, cast, folds.sum, scale), bounds));
      case 'mapmin':
        return asAny(mapOf(foldedEntry(inner, cast, folds.min, scale), bounds));
      case 'mapmax':
        return asAny(mapOf(foldedEntry(inner, cast, folds.max, scale), bounds));
      case 'oldestmap':
        return asAny(mapOf(timedEntry(inner, cast, preferences.oldest), bounds));
      default:
        return wholeOr(mergeOperator, mapOf(timedEntry(inner, cast, preferences.latest), bounds));
    }
  }
  if (kind === '[]string') return wholeOr(mergeOperator, setOf(casts.string, bounds));
  if (kind === '[]time') return wholeOr(mergeOperator, setOf(isoText, bounds));
  return scalarOperator(kind, mergeOperator);
}

/** A time as text whose order is the times'. */
const isoText: typeof casts.date = (value) => {
  const atMs = casts.date(value);
  return typeof atMs === 'number' ? isoOf(atMs) : undefined;
};

function wholeOr<State>(mergeOperator: MergeOperator, inner: Operator<State>): Operator<AnyState> {
  if (mergeOperator === 'latest') return asAny(wholeByTime(inner, (one, other) => one > other));
  if (mergeOperator === 'oldest') return asAny(wholeByTime(inner, (one, other) => one < other));
  return asAny(inner);
}

function scalarOperator(kind: ScalarKind, mergeOperator: MergeOperator): Operator<AnyState> {
  const cast = casts[kind];
  switch (mergeOperator) {
    case 'min':
      return asAny(folded(kind, cast, folds.min, asItIs));
    case 'max':
      return asAny(folded(kind, cast, folds.max, asItIs));
    case 'sum':
      return asAny(folded(kind, cast, folds.sum, kind === 'number' ? inMillionths : asItIs));
    case 'oldest':
      return asAny(byTime(kind, cast, preferences.oldest));
    default:
      return asAny(byTime(kind, cast, preferences.latest));
  }
}
