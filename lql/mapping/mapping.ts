/**
 * A mapping, ready for rows: which profile a row belongs to, and what it does to it. Compiled once; a row then
 * costs calls of closures only. What a row does depends on the row and its time alone, and aggregates merge in
 * any order, so neither the order of files nor how they are cut into chunks shows in a profile.
 */
import type { AnyState, FieldValue, Json, Operator, Texts } from '../aggregate/operator.ts';
import type { Evaluate } from '../functions/table.ts';
import { faultAt } from '../syntax.ts';
import { isList, textOf } from '../values.ts';
import type { Row, Value } from '../values.ts';
import { compileCondition, compileExpression } from './compile-expression.ts';
import type { Guard } from './compile-expression.ts';
import type { Column, Expression, Statement } from './expression.ts';
import { operatorOf, userFieldOf } from './field.ts';
import type { UserField } from './field.ts';
import { parseStatement } from './parser.ts';
import { mappingLanguage } from './tokens.ts';

/** What has been gathered for one person, by the field's place in `Mapping.fields`. */
export type Aggregate = (AnyState | undefined)[];

export interface IdentityValue {
  readonly field: string;
  readonly value: string;
}

export interface Mapping {
  readonly stream: string;
  readonly table: string;
  readonly alias: string | undefined;
  readonly fields: readonly UserField[];
  /** The columns of a row that anything of it depends on, in an order of their own. */
  readonly reads: readonly string[];
  /** In the order of BY; empty where the row belongs to nobody, or WHERE leaves it out. */
  identitiesOf(row: Row, atMs: number): readonly IdentityValue[];
  newAggregate(): Aggregate;
  /** Takes a row into the aggregate. */
  fold(aggregate: Aggregate, row: Row, atMs: number): void;
  /** Merges `other` into `into`; `other` is used up. */
  merge(into: Aggregate, other: Aggregate): void;
  /** The fields as a profile shows them; what has no value is not among them. */
  valuesOf(aggregate: Aggregate): Readonly<Record<string, FieldValue>>;
  /**
   * What `valuesOf` and `toJson` give, as JSON.
   * @param hidden a field that is not shown
   */
  textsOf(aggregate: Aggregate, hidden?: string): Texts;
  /** When the event was that a field's value is of; undefined for fields that are made of many. */
  timeOf(aggregate: Aggregate, field: string): number | undefined;
  /** The aggregate for the store, by field; with `fromJson`, merging can go on later. */
  toJson(aggregate: Aggregate): Readonly<Record<string, Json>>;
  /** What a field that the mapping no longer has has gathered is left out. */
  fromJson(json: Readonly<Record<string, Json>>): Aggregate;
}

export interface MappingOptions {
  /** Texts that are no identity, such as "null" or "0"; compared without letter case and outer blanks. */
  readonly noIdentity?: readonly string[];
  /** The fields that BY may name; any unless given. */
  readonly identityFields?: readonly string[];
}

interface Writer {
  readonly place: number;
  readonly evaluate: Evaluate;
  readonly operator: Operator<AnyState>;
}

export function compileMapping(
  text: string,
  { noIdentity = [], identityFields }: MappingOptions = {},
): Mapping {
  const statement = parseStatement(text);
  const fields = fieldsOf(statement, identityFields);
  const operators = fields.map(operatorOf);
  const nobody = new Set(noIdentity.map(normal));
  const places = new Map(fields.map(({ name }, place) => [name, place]));

  const evaluateOf = ({ expression, name }: Column): Evaluate => {
    const evaluate = compileExpression(expression);
    return fields[places.get(name.text) ?? -1]?.isIdentity === true
      ? withoutNobody(evaluate, nobody)
      : evaluate;
  };
  const groups = groupsOf(statement.columns, (column): Writer => {
    const place = places.get(column.name.text) ?? -1;
    const operator = operators[place];
    if (operator === undefined) throw new Error(`no operator of ${column.name.text}`);
    return { place, evaluate: evaluateOf(column), operator };
  });
  const groupsFor = openGroups(groups);
  const names = fields.map(({ name }) => `${JSON.stringify(name)}:`);
  const identities = statement.by.map(({ text: field }) => ({
    field,
    columns: statement.columns
      .filter(({ name }) => name.text === field)
      .map((column) => ({ guard: guardOf(column.guard), evaluate: evaluateOf(column) })),
  }));
  const where = guardOf(statement.where);

  const eachOf = <T>(
    aggregate: Aggregate,
    use: (operator: Operator<AnyState>, state: AnyState) => T,
  ): Record<string, T> => {
    const found: [string, T][] = [];
    fields.forEach(({ name }, place) => {
      const [operator, state] = [operators[place], aggregate[place]];
      if (operator !== undefined && state !== undefined) found.push([name, use(operator, state)]);
    });
    return Object.fromEntries(found);
  };

  return {
    stream: statement.from.text,
    table: statement.into.text,
    alias: statement.alias?.text,
    fields,
    reads: columnsReadBy(statement),
    identitiesOf(row, atMs) {
      const found: IdentityValue[] = [];
      if (!where(row, atMs, 0)) return found;
      for (const { field, columns } of identities)
        for (const { guard, evaluate } of columns) {
          const value = guard(row, atMs, 0) ? textOf(evaluate(row, atMs, 0)) : undefined;
          if (value !== undefined && value !== '') found.push({ field, value });
        }
      return found;
    },
    newAggregate: () => fields.map(() => undefined),
    fold(aggregate, row, atMs) {
      if (!where(row, atMs, 0)) return;
      for (const { guard, writers } of groupsFor(row['event'])) {
        if (!guard(row, atMs, 0)) continue;
        for (const { place, evaluate, operator } of writers) {
          const value = evaluate(row, atMs, 0);
          if (value === undefined) continue;
          const before = aggregate[place];
          const after = operator.add(before, value, atMs);
          if (after !== before) aggregate[place] = after;
        }
      }
    },
    merge(into, other) {
      operators.forEach((operator, place) => {
        const [one, another] = [into[place], other[place]];
        if (another !== undefined) into[place] = one === undefined ? another : operator.merge(one, another);
      });
    },
    valuesOf: (aggregate) => eachOf(aggregate, (operator, state) => operator.show(state)),
    textsOf: (aggregate, hidden) => {
      let shown = '';
      let kept = '';
      for (let place = 0; place < aggregate.length; place++) {
        const [field, operator, state] = [fields[place], operators[place], aggregate[place]];
        if (field === undefined || operator === undefined || state === undefined) continue;
        const texts = operator.texts(state);
        const name = names[place] ?? '';
        kept += `${kept === '' ? '' : ','}${name}${texts.kept}`;
        if (field.name !== hidden) shown += `${shown === '' ? '' : ','}${name}${texts.shown}`;
      }
      return { shown: `{${shown}}`, kept: `{${kept}}` };
    },
    timeOf: (aggregate, field) => {
      const place = places.get(field) ?? -1;
      const [operator, state] = [operators[place], aggregate[place]];
      return state === undefined ? undefined : operator?.timeOf?.(state);
    },
    toJson: (aggregate) => eachOf(aggregate, (operator, state) => operator.toJson(state)),
    fromJson: (json) =>
      fields.map(({ name }, place) => {
        const state = Object.hasOwn(json, name) ? json[name] : undefined;
        return state === undefined ? undefined : operators[place]?.fromJson(state);
      }),
  };
}

/** The user fields in the order of their first columns; several columns of one field agree on what it is. */
function fieldsOf(statement: Statement, identityFields?: readonly string[]): readonly UserField[] {
  const fields = new Map<string, UserField>();
  for (const column of statement.columns) {
    const field = userFieldOf(column, statement.by);
    const first = fields.get(field.name);
    if (first === undefined) fields.set(field.name, field);
    else if (natureOf(first) !== natureOf(field))
      throw faultAt(
        mappingLanguage.name,
        column.name.place,
        `${field.name} is ${natureOf(field)}, but above it is ${natureOf(first)}`,
      );
  }
  for (const { text, place } of statement.by) {
    const kind = fields.get(text)?.kind;
    if (kind === undefined)
      throw faultAt(mappingLanguage.name, place, `BY names ${text}, which no column makes`);
    if (kind !== 'string')
      throw faultAt(
        mappingLanguage.name,
        place,
        `BY names ${text}, which is ${kind}; an identity is a string`,
      );
    if (identityFields?.includes(text) === false)
      throw faultAt(
        mappingLanguage.name,
        place,
        `BY names ${text}; a profile is found by ${identityFields.join(', ')}`,
      );
  }
  return [...fields.values()];
}

const natureOf = ({ kind, mergeOperator, capacity }: UserField): string =>
  `${kind}, merged by ${mergeOperator}, capacity ${capacity}`;

/** Columns under the same guard, so that each guard is asked once a row. */
interface Group {
  readonly guard: Guard;
  readonly writers: readonly Writer[];
  /** Whether nothing but the row's event decides. */
  readonly isByEvent: boolean;
}

function groupsOf(columns: readonly Column[], writerOf: (column: Column) => Writer): readonly Group[] {
  const groups = Map.groupBy(columns, ({ guard }) => signature(guard));
  return Array.from(groups.values(), (members) => ({
    guard: guardOf(members[0]?.guard),
    writers: members.map(writerOf),
    isByEvent: isByEvent(members[0]?.guard),
  }));
}

/** Types of event that there may be, and a few more. */
const mostEvents = 200;

/** The groups whose columns rows of an event may write: all rows of a file have the same, and most guards ask for it. */
function openGroups(groups: readonly Group[]): (event: unknown) => readonly Group[] {
  const known = new Map<string, readonly Group[]>();
  return (event) => {
    if (typeof event !== 'string') return groups;
    let own = known.get(event);
    if (own === undefined) {
      own = groups
        .filter(({ guard, isByEvent }) => !isByEvent || guard({ event }, 0, 0))
        .map((group) => (group.isByEvent ? { ...group, guard: always } : group));
      if (known.size < mostEvents) known.set(event, own);
    }
    return own;
  };
}

function isByEvent(guard: Expression | undefined): boolean {
  switch (guard?.type) {
    case undefined:
    case 'literal':
      return true;
    case 'field':
      return guard.name === 'event';
    case 'compare':
      return isByEvent(guard.left) && isByEvent(guard.right);
    case 'in':
      return [guard.operand, ...guard.list].every(isByEvent);
    case 'not':
      return isByEvent(guard.operand);
    case 'and':
    case 'or':
      return guard.operands.every(isByEvent);
    case 'call':
      return false;
  }
}

const signature = (guard: Expression | undefined): string =>
  guard === undefined
    ? ''
    : JSON.stringify(guard, (key, value: unknown) => (key === 'place' ? undefined : value));

const always: Guard = () => true;

const guardOf = (expression: Expression | undefined): Guard =>
  expression === undefined ? always : compileCondition(expression);

function columnsReadBy({ columns, where }: Statement): readonly string[] {
  const expressions = columns.flatMap(({ expression, guard }) => [expression, guard]);
  const names = [...expressions, where].flatMap((one) => (one === undefined ? [] : namesIn(one)));
  return [...new Set(names)].sort();
}

function namesIn(expression: Expression): readonly string[] {
  switch (expression.type) {
    case 'field':
      return [expression.name];
    case 'literal':
      return [];
    case 'call':
      return expression.args.flatMap(namesIn);
    case 'compare':
      return [expression.left, expression.right].flatMap(namesIn);
    case 'in':
      return [expression.operand, ...expression.list].flatMap(namesIn);
    case 'not':
      return namesIn(expression.operand);
    default:
      return expression.operands.flatMap(namesIn);
  }
}

const normal = (text: string): string => text.trim().toLowerCase();

function withoutNobody(evaluate: Evaluate, nobody: ReadonlySet<string>): Evaluate {
  // Most identities are longer than any of these, and need no look-up.
  const longest = Math.max(0, ...Array.from(nobody, (text) => text.length));
  return (row, atMs, offsetMs): Value | undefined => {
    const value = evaluate(row, atMs, offsetMs);
    const text = textOf(value !== undefined && isList(value) ? value[0] : value);
    const bare = text?.trim() ?? '';
    return bare === '' || (bare.length <= longest && nobody.has(normal(bare))) ? undefined : text;
  };
}
