/** Expressions as closures: what can be known before the first row is worked out before the first row. */
import { functions } from '../functions/table.ts';
import type { Evaluate, FunctionDefinition } from '../functions/table.ts';
import { faultAt } from '../syntax.ts';
import { cellOf, numberOf, standingAlone, textOf } from '../values.ts';
import type { Value } from '../values.ts';
import type { Comparison, Expression } from './expression.ts';
import { mappingLanguage } from './tokens.ts';

export type Guard = (...given: Parameters<Evaluate>) => boolean;

const definitions: ReadonlyMap<string, FunctionDefinition> = new Map(Object.entries(functions));

export function compileExpression(expression: Expression): Evaluate {
  switch (expression.type) {
    case 'field': {
      const { name } = expression;
      return (row) => cellOf(row, name);
    }
    case 'literal': {
      const value = expression.value ?? undefined;
      return () => value;
    }
    case 'call':
      return expression.name === 'eq' || expression.name === 'ne'
        ? compileCondition(expression)
        : (compileChain(expression) ?? compileCall(expression));
    default:
      return compileCondition(expression);
  }
}

/** Values of a column that are remembered: links, offers and domains of a file are few, or each is met once. */
const mostRemembered = 1_000;
const longestRemembered = 500;

/**
 * Functions around one field, some of them slow, such as a hash: what they give for a text is remembered.
 * @returns undefined where it is something else
 */
function compileChain(call: Extract<Expression, { type: 'call' }>): Evaluate | undefined {
  let isSlow = false;
  let inner: Expression = call;
  while (inner.type === 'call') {
    const definition = definitions.get(inner.name);
    const argument: Expression | undefined = inner.args[0];
    if (definition?.isOfArgument !== true || argument === undefined || inner.args.length > 1)
      return undefined;
    isSlow ||= definition.isSlow === true;
    inner = argument;
  }
  if (!isSlow || inner.type !== 'field') return undefined;
  const { name } = inner;
  const evaluate = compileCall(call);
  const known = new Map<string, Value | undefined>();
  return (row, atMs, offsetMs) => {
    const text = row[name];
    if (typeof text !== 'string' || text.length > longestRemembered) return evaluate(row, atMs, offsetMs);
    const found = known.get(text);
    if (found !== undefined || known.has(text)) return found;
    const value = evaluate(row, atMs, offsetMs);
    if (known.size === mostRemembered) known.clear();
    known.set(standingAlone(text), value);
    return value;
  };
}

function compileCall(call: Extract<Expression, { type: 'call' }>): Evaluate {
  const definition = definitions.get(call.name);
  if (definition === undefined)
    throw faultAt(
      mappingLanguage.name,
      call.place,
      `${call.name}() is no function here; there are ${[...definitions.keys(), 'eq', 'ne'].join(', ')}`,
    );
  checkCount(call, definition.args);
  return definition.make(call.args.map(compileExpression));
}

function checkCount(
  call: Extract<Expression, { type: 'call' }>,
  [fewest, most]: readonly [number, number],
): void {
  if (call.args.length >= fewest && call.args.length <= most) return;
  const right = fewest === most ? String(fewest) : `${fewest} to ${most}`;
  throw faultAt(
    mappingLanguage.name,
    call.place,
    `${call.name}() has ${call.args.length} argument(s); it takes ${right}`,
  );
}

/** A guard: what cannot be evaluated is false, and a value that is no truth is false too. */
export function compileCondition(expression: Expression): Guard {
  switch (expression.type) {
    case 'and': {
      const all = expression.operands.map(compileCondition);
      return (row, atMs, offsetMs) => all.every((one) => one(row, atMs, offsetMs));
    }
    case 'or': {
      const any = expression.operands.map(compileCondition);
      return (row, atMs, offsetMs) => any.some((one) => one(row, atMs, offsetMs));
    }
    case 'not': {
      const operand = compileCondition(expression.operand);
      return (row, atMs, offsetMs) => !operand(row, atMs, offsetMs);
    }
    case 'compare':
      return compileComparison(expression.operator, expression.left, expression.right);
    case 'in':
      return compileIn(expression.operand, expression.list);
    case 'call':
      if (expression.name === 'eq' || expression.name === 'ne') {
        checkCount(expression, [2, 2]);
        const [left, right] = expression.args as readonly [Expression, Expression];
        return compileComparison(expression.name === 'eq' ? '==' : '!=', left, right);
      }
      break;
    case 'field':
    case 'literal':
      break;
  }
  const evaluate = compileExpression(expression);
  return (row, atMs, offsetMs) => evaluate(row, atMs, offsetMs) === true;
}

function compileComparison(operator: Comparison, left: Expression, right: Expression): Guard {
  // The guard of nearly every column: a field of the row against a text.
  if (left.type === 'field' && right.type === 'literal' && typeof right.value === 'string') {
    const { name } = left;
    const { value } = right;
    if (operator === '==') return (row) => row[name] === value;
  }
  const one = compileExpression(left);
  const other = compileExpression(right);
  const holds = comparisons[operator];
  return (row, atMs, offsetMs) => holds(one(row, atMs, offsetMs), other(row, atMs, offsetMs));
}

type Compare = (left: Value | undefined, right: Value | undefined) => boolean;

/** Texts are compared as they are; a number and a text as numbers. */
const equal: Compare = (left, right) => {
  if (left === undefined || right === undefined) return false;
  if (typeof left === typeof right && typeof left !== 'object') return left === right;
  const number = numberOf(left);
  return number !== undefined && number === numberOf(right);
};

const ordered =
  (holds: (left: number, right: number) => boolean): Compare =>
  (left, right) => {
    const one = numberOf(left);
    const other = numberOf(right);
    return one !== undefined && other !== undefined && holds(one, other);
  };

const comparisons: Readonly<Record<Comparison, Compare>> = {
  '==': equal,
  '!=': (left, right) => !equal(left, right),
  '<': ordered((left, right) => left < right),
  '<=': ordered((left, right) => left <= right),
  '>': ordered((left, right) => left > right),
  '>=': ordered((left, right) => left >= right),
};

function compileIn(operand: Expression, list: readonly Expression[]): Guard {
  const evaluate = compileExpression(operand);
  if (list.every((item) => item.type === 'literal')) {
    const texts = new Set(list.map((item) => textOf(item.value ?? undefined)));
    texts.delete(undefined);
    return (row, atMs, offsetMs) => texts.has(textOf(evaluate(row, atMs, offsetMs)));
  }
  const items = list.map(compileExpression);
  return (row, atMs, offsetMs) => {
    const value = evaluate(row, atMs, offsetMs);
    return items.some((item) => equal(value, item(row, atMs, offsetMs)));
  };
}
