/**
 * A filter as an SQL expression over a profile's stored fields: true, false, or null where it cannot be
 * evaluated. All that a filter's text holds is in the parameters, never in the SQL.
 */
import { notValid } from '../../jobs/errors.ts';
import { faultAt } from '../syntax.ts';
import type { Place } from '../syntax.ts';
import { compare, between } from './compare.ts';
import { readDate } from './date-text.ts';
import { dueOf } from './due.ts';
import type { FieldTypes, ValueType } from './field-types.ts';
import { functionNamed, functionNames } from './functions.ts';
import { contains, isIn, isInField, like } from './match.ts';
import { cases, either, holdsOf, isNumber, nothing, truth, unknown } from './operand.ts';
import type { Operand, Truth } from './operand.ts';
import { newParameters } from './parameters.ts';
import type { ParameterValue } from './parameters.ts';
import { parseFilter } from './parser.ts';
import { countNode, countOf, fieldOperand, newScope, tooDeep } from './scope.ts';
import type { Columns, Scope } from './scope.ts';
import { filterLanguage } from './tokens.ts';
import { isValue } from './tree.ts';
import type { Condition, Expression, Filter, Value } from './tree.ts';

export interface FilterContext {
  readonly fieldTypes: FieldTypes;
  /** The audience that INCLUDE names, a rule's as its text; undefined where there is none. */
  readonly includes: (name: string) => string | IncludedList | undefined;
  /** The number of the first parameter; 1, unless others come before. */
  readonly firstParameter?: number;
}

/** An audience that is a list of members: who belongs to it is in no field. */
export interface IncludedList {
  readonly listId: string;
}

export interface CompiledFilter {
  /**
   * An SQL expression over a column `fields` of type jsonb, and one `lists` of type text[] where lists are
   * included: true, false, or null for "not evaluated".
   */
  readonly text: string;
  parametersAt(nowMs: number): readonly (ParameterValue | null)[];
  /** The fields that it reads, and what they are; undefined for those that are not there. */
  readonly fields: ReadonlyMap<string, ValueType | undefined>;
  readonly isTimed: boolean;
  /** When its answer may next change by the clock alone. */
  readonly due: DueTime;
  /** The names of the audiences that it includes, and of those that they do. */
  readonly includes: ReadonlySet<string>;
  /** The ids of the lists among them. */
  readonly listIds: ReadonlySet<string>;
  /** What is worth a word, though it can be evaluated. */
  readonly remarks: readonly string[];
}

export interface DueTime {
  /** An SQL expression over a column `fields`: seconds since 1970, null for never. */
  readonly text: string;
  parametersAt(nowMs: number): readonly (ParameterValue | null)[];
}

/** Conditions within one another: PostgreSQL reads them on a stack. */
const MOST_DEPTH = 700;

/** Audiences that include one another in a row. */
const MOST_INCLUDES = 50;

/** Columns that a filter may read: PostgreSQL takes 1,664 in one SELECT. */
const MOST_COLUMNS = 800;

/** SQL expressions within one another that a sum may have. */
const MOST_ARITHMETIC = 20;

/** @throws ExpectedError INPUT_NOT_VALID for a text that is no filter, or one that includes itself */
export function compileFilter(text: string, context: FilterContext): CompiledFilter {
  const parameters = newParameters(context.firstParameter ?? 1);
  const scope = newScope(parameters, context.fieldTypes);
  const { sql, includes, listIds, remarks } = compileInto(scope, text, context);
  if (countOf(scope.columns) > MOST_COLUMNS)
    throw notValid(filterLanguage.name, `reads more than ${MOST_COLUMNS} fields`);
  const settled = parameters.settle(withColumns(scope, sql));
  const due = parameters.settle(withColumns(scope, dueOf(parameters, scope.moving)));
  return {
    text: settled.text,
    parametersAt: (nowMs) => settled.valuesAt(nowMs),
    fields: scope.fields,
    isTimed: scope.moving.length > 0,
    due: { text: due.text, parametersAt: (nowMs) => due.valuesAt(nowMs) },
    includes,
    listIds,
    remarks: [...remarks],
  };
}

interface CompiledInto {
  /** An SQL expression over the scope's columns: true, false, or null for "not evaluated". */
  readonly sql: string;
  /** One that is true where `sql` is, and else false or null. */
  readonly holds: string;
  readonly includes: ReadonlySet<string>;
  readonly listIds: ReadonlySet<string>;
  readonly remarks: ReadonlySet<string>;
}

/** A filter as an expression over the columns of a scope, which may be shared with others. */
export function compileInto(scope: Scope, text: string, context: FilterContext): CompiledInto {
  const compiler = newCompiler(scope, context);
  const found = compiler.filter(parseFilter(text), []);
  const { includes, listIds, remarks } = compiler;
  const { sql, isValue } = found;
  const whole = isValue === undefined ? sql : `coalesce(${sql}, case when ${isValue} then false end)`;
  return { sql: whole, holds: holdsOf(found), includes, listIds, remarks };
}

const withColumns = (scope: Scope, sql: string): string =>
  scope.columns.json.size === 0 ? `(${sql})` : `(select ${sql} from ${columnsOf(scope.columns)} as v)`;

/** SQL of the columns `v`: OFFSET keeps PostgreSQL from working them out at every mention. */
export function columnsOf({ json, texts, values }: Columns): string {
  const listed = (columns: ReadonlyMap<string, string>): string =>
    [...columns].map(([sql, name]) => `${sql} as ${name.slice(2)}`).join(', ');
  const withTexts =
    texts.size === 0
      ? `(select ${listed(json)} offset 0)`
      : `(select v.*, ${listed(texts)} from (select ${listed(json)} offset 0) as v offset 0)`;
  return `(select v.*, ${listed(values)} from ${withTexts} as v offset 0)`;
}

interface Compiler {
  readonly includes: ReadonlySet<string>;
  readonly listIds: ReadonlySet<string>;
  readonly remarks: ReadonlySet<string>;
  filter(filter: Filter, path: readonly string[]): Truth;
}

function newCompiler(scope: Scope, context: FilterContext): Compiler {
  const remarks = new Set<string>();
  const includes = new Set<string>();
  const listIds = new Set<string>();
  /** The audiences that are being included, from the outermost. */
  let path: readonly string[] = [];

  const remark = (place: Place, text: string): void => {
    const where = path.length === 0 ? '' : `in ${path.at(-1) ?? ''}, `;
    remarks.add(`${where}line ${place.line}, column ${place.column}: ${text}`);
  };

  function filter({ condition, remarks: own }: Filter, from: readonly string[]): Truth {
    for (const one of own) remarks.add(from.length === 0 ? one : `in ${from.at(-1) ?? ''}: ${one}`);
    if (condition === undefined) {
      remarks.add('there is no condition, so nobody matches; FILTER * is everybody');
      return unknown;
    }
    return condition === 'all' ? truth(true) : truthOf(condition);
  }

  let depth = 0;
  function truthOf(expression: Expression): Truth {
    if (depth >= MOST_DEPTH) throw tooDeep(MOST_DEPTH);
    depth++;
    const made = truthWithin(expression);
    depth--;
    return made;
  }

  function truthWithin(expression: Expression): Truth {
    countNode(scope);
    if (isValue(expression)) return truthOfValue(valueOf(expression));
    switch (expression.type) {
      case 'group':
        return group(expression.operator, expression.items.map(truthOf));
      case 'infix':
        return infix(expression.operator, expression.items.map(truthOf));
      case 'not': {
        if (expression.operand.type !== 'include') return { sql: `(not ${truthOf(expression.operand).sql})` };
        countNode(scope);
        const included = include(expression.operand);
        return included === undefined ? unknown : { sql: `(not coalesce(${holdsOf(included)}, false))` };
      }
      case 'include': {
        const included = include(expression) ?? unknown;
        return { sql: included.sql, holds: holdsOf(included) };
      }
      default:
        return compared(expression);
    }
  }

  function compared(expression: Exclude<Condition, { type: 'group' | 'infix' | 'not' | 'include' }>): Truth {
    switch (expression.type) {
      case 'compare': {
        const [left, right] = [operand(expression.left), operand(expression.right)];
        if (left.type === 'string' && right.type === 'string' && !['==', '!='].includes(expression.sign))
          remark(expression.place, 'texts have no order here, so that this never holds');
        return compare(scope, expression.sign, left, right);
      }
      case 'like':
        return like(scope, operand(expression.left), operand(expression.right), expression.place);
      case 'contains':
        return contains(operand(expression.left), operand(expression.right));
      case 'in': {
        const left = operand(expression.left);
        if ('type' in expression.list) return isInField(scope, left, operand(expression.list));
        return isIn(scope, left, expression.list.map(operand));
      }
      case 'between':
        return between(scope, operand(expression.left), operand(expression.low), operand(expression.high));
      case 'exists': {
        const { missing, nil } = operand(expression.operand);
        return { sql: cases([[either(missing, nil), 'false']], 'true') };
      }
    }
  }

  function operand(expression: Expression): Operand {
    countNode(scope);
    if (isValue(expression)) return valueOf(expression);
    return { type: 'bool', sql: truthOf(expression).sql, missing: false, nil: false };
  }

  function valueOf(value: Value, signs = 0): Operand {
    const isThere = { missing: false, nil: false } as const;
    switch (value.type) {
      case 'text': {
        const { text } = value;
        return {
          type: 'string',
          sql: scope.parameters.add(text, 'text'),
          ...isThere,
          literal: { text, date: readDate(text) },
        };
      }
      case 'number': {
        const { digits, isWhole } = value;
        const sql = scope.parameters.add(digits, 'numeric');
        return { type: isWhole ? 'int' : 'float', sql, ...isThere, literal: { digits, isWhole } };
      }
      case 'truth':
        return { type: 'bool', sql: String(value.value), ...isThere, literal: { truth: value.value } };
      case 'null':
        return { type: 'null', sql: 'null::jsonb', missing: false, nil: true };
      case 'field': {
        const found = fieldOperand(scope, value.name);
        if (found === nothing) remark(value.place, `there is no field ${nameOf(value)}`);
        return found;
      }
      case 'call':
        return call(value);
      case 'arithmetic':
        return arithmetic(value, signs);
    }
  }

  function call({ name, args, place }: Value & { type: 'call' }): Operand {
    const found = functionNamed(name);
    const given = args.map(operand);
    if (found === undefined) {
      remark(
        place,
        `there is no function ${name}, so that it yields nothing; there are ${functionNames.join(', ')}`,
      );
      return nothing;
    }
    const [least, most] = found.takes;
    if (given.length < least || given.length > most)
      throw faultAt(
        filterLanguage.name,
        place,
        `${name} takes ${least} argument${least === 1 ? '' : 's'}, not ${given.length}`,
      );
    const [first = nothing, ...rest] = given;
    return found.of(scope, [first, ...rest]);
  }

  function arithmetic({ sign, left, right, place }: Value & { type: 'arithmetic' }, signs: number): Operand {
    if (signs > MOST_ARITHMETIC)
      throw faultAt(filterLanguage.name, place, `a sum has at most ${MOST_ARITHMETIC} signs`);
    const [one, other] = [left, right].map((side) =>
      side.type === 'arithmetic' ? valueOf(side, signs + 1) : operand(side),
    );
    if (one === undefined || other === undefined || !isNumber(one) || !isNumber(other)) return nothing;
    const isWhole = one.type === 'int' && (other.type === 'int' || sign === '/');
    const sql = sumOf(sign, one, other);
    return { type: isWhole ? 'int' : 'float', sql, missing: `${sql} is null`, nil: false };
  }

  /** @returns undefined where there is no such audience */
  function include({ name, place }: Condition & { type: 'include' }): Truth | undefined {
    if (path.includes(name))
      throw notValid(
        filterLanguage.name,
        `includes itself: ${[...path.slice(path.indexOf(name)), name].join(' → ')}`,
      );
    const found = context.includes(name);
    if (path.length >= MOST_INCLUDES)
      throw notValid(filterLanguage.name, `includes more than ${MOST_INCLUDES} audiences within one another`);
    if (found === undefined) {
      remark(place, `there is no audience ${JSON.stringify(name)} to include`);
      return undefined;
    }
    includes.add(name);
    if (typeof found !== 'string') {
      listIds.add(found.listId);
      return { sql: `(${scope.parameters.add(found.listId, 'text')} = any (lists))` };
    }
    const before = path;
    path = [...path, name];
    try {
      const included = parsedInclude(found, name);
      // An audience that is nothing but another one is there only where that one is.
      if (included.condition !== 'all' && included.condition?.type === 'include')
        return include(included.condition);
      return filter(included, path);
    } finally {
      path = before;
    }
  }

  const parsed = new Map<string, Filter>();
  function parsedInclude(text: string, name: string): Filter {
    const known = parsed.get(name) ?? parseFilter(text);
    parsed.set(name, known);
    return known;
  }

  return { includes, listIds, remarks, filter };
}

/** A value in the place of a condition: a truth counts; any other is a value that is none. */
function truthOfValue({ type, sql, missing, nil }: Operand): Truth {
  if (type === 'bool') return { sql };
  if (missing === true || nil === true) return unknown;
  return { sql: 'null::boolean', isValue: cases([[either(missing, nil), 'false']], `${sql} is not null`) };
}

/**
 * The first condition that is not true decides an AND group, be it false or not evaluated; an OR group passes
 * over what is not evaluated.
 */
function group(operator: 'and' | 'or', items: readonly Truth[]): Truth {
  if (items.length === 0) return truth(operator === 'and');
  if (operator === 'or') return joined(operator, items);
  const codes = items.map(({ sql }) => `case ${sql} when true then null when false then 0 else 2 end`);
  return {
    sql: `(case coalesce(${codes.join(', ')}, 1) when 1 then true when 0 then false end)`,
    holds: joined(operator, items).holds,
  };
}

/** What is not evaluated counts as false. */
function joined(operator: 'and' | 'or', items: readonly Truth[]): Required<Pick<Truth, 'sql' | 'holds'>> {
  const of = (sqls: readonly string[]): string => `(${sqls.join(` ${operator} `)})`;
  return { sql: of(items.map((one) => `coalesce(${holdsOf(one)}, false)`)), holds: of(items.map(holdsOf)) };
}

/** Between two conditions, what is not evaluated counts as false; a value that is no truth spoils the whole. */
function infix(operator: 'and' | 'or', items: readonly Truth[]): Truth {
  const all = joined(operator, items);
  const values = items.flatMap(({ isValue }) => (isValue === undefined ? [] : [isValue]));
  return values.length === 0
    ? all
    : { sql: `(case when ${values.join(' or ')} then null else ${all.sql} end)` };
}

function sumOf(sign: string, { sql: left, type }: Operand, { sql: right }: Operand): string {
  if (sign === '%') return `mod(${left}, nullif(${right}, 0))`;
  if (sign !== '/') return `(${left} ${sign} ${right})`;
  return type === 'int' ? `div(${left}, nullif(trunc(${right}), 0))` : `(${left} / nullif(${right}, 0))`;
}

const nameOf = ({ name }: Value & { type: 'field' }): string =>
  name.map === undefined ? name.whole : `${name.map}, key ${name.key ?? ''}`;
