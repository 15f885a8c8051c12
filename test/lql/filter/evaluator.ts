/**
 * FilterQL once more, written from the documentation alone and in JavaScript: what the SQL has to agree with.
 * It knows profiles' fields as they are stored, and their kinds.
 */
import type { Kind } from '../../../jobs/user-fields.ts';

export type Node =
  | { readonly op: 'and' | 'or'; readonly form: 'group' | 'infix'; readonly items: readonly Node[] }
  | { readonly op: 'not'; readonly item: Node }
  | { readonly op: 'exists' | 'bare'; readonly field: string }
  | {
      readonly op: 'compare';
      readonly sign: '==' | '!=' | '<' | '<=' | '>' | '>=';
      readonly field: string;
      readonly with: Literal;
    }
  | { readonly op: 'like' | 'contains'; readonly field: string; readonly with: string }
  | { readonly op: 'in'; readonly field: string; readonly list: readonly (string | number)[] }
  | { readonly op: 'between'; readonly field: string; readonly low: number; readonly high: number };

/** A text, number, truth, or "now" and a unit. */
export type Literal = string | number | boolean | { readonly now: number; readonly unit: 'h' | 'd' };

type Answer = boolean | undefined;
const valueOnly = Symbol('a value that is no truth');

export interface World {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly kinds: ReadonlyMap<string, Kind>;
  readonly nowMs: number;
}

export function evaluate(node: Node, world: World): Answer {
  const answer = answerOf(node, world);
  return answer === valueOnly ? false : answer;
}

function answerOf(node: Node, world: World): Answer | typeof valueOnly {
  switch (node.op) {
    case 'not': {
      const inner = answerOf(node.item, world);
      return typeof inner === 'boolean' ? !inner : undefined;
    }
    case 'and':
    case 'or':
      return joined(
        node,
        node.items.map((item) => answerOf(item, world)),
      );
    default:
      return leaf(node, world);
  }
}

function joined(node: Node & { op: 'and' | 'or' }, answers: readonly (Answer | typeof valueOnly)[]): Answer {
  if (node.form === 'infix') {
    if (answers.includes(valueOnly)) return undefined;
    return node.op === 'and' ? answers.every((one) => one === true) : answers.includes(true);
  }
  if (node.op === 'or') return answers.includes(true);
  const first = answers.find((one) => one !== true);
  return answers.every((one) => one === true) ? true : typeof first === 'boolean' ? first : undefined;
}

type Leaf = Exclude<Node, { op: 'and' | 'or' | 'not' }>;

function leaf(node: Leaf, world: World): Answer | typeof valueOnly {
  const [map, key] = node.field.split('.');
  const holder = world.fields[map ?? ''];
  const stored = key === undefined ? holder : isObject(holder) ? holder[key] : undefined;
  const outer = world.kinds.get(map ?? '');
  const kind =
    key === undefined
      ? outer
      : outer?.startsWith('map') === true
        ? outer.slice('map[string]'.length).replace('time', 'date')
        : undefined;
  const isMissing = stored === undefined || kind === undefined;
  if (node.op === 'exists') return !isMissing && stored !== null;
  if (isMissing) {
    if (node.op === 'between' || node.op === 'bare') return undefined;
    return node.op === 'compare' && node.sign === '!=';
  }
  if (stored === null)
    return node.op === 'compare' && ['==', '!='].includes(node.sign) ? node.sign === '!=' : undefined;
  const value = typed(kind, stored);
  if (node.op === 'bare')
    return kind === 'bool' ? (value as Answer) : value === undefined ? undefined : valueOnly;
  if (node.op === 'compare' && kind === 'string' && typeof node.with === 'object')
    return orderOfTexts(node, value, text(node.with));
  if (node.op === 'compare' && kind === 'string' && typeof node.with === 'string')
    return orderOfTexts(node, value, node.with);
  if (node.op === 'compare' && kind === '[]string') return node.sign === '==' ? false : undefined;
  if (value === undefined) return undefined;
  switch (node.op) {
    case 'compare':
      return compareWith(node, kind, value, world.nowMs);
    case 'like':
    case 'contains': {
      const test =
        node.op === 'like' ? globOf(node.with) : { test: (one: string) => one.includes(node.with) };
      if (kind === 'string') return test.test(value as string);
      return kind === '[]string' ? (value as string[]).some((one) => test.test(one)) : undefined;
    }
    case 'in':
      return isIn(node.list, kind, value);
    case 'between': {
      if (kind === 'int')
        return (value as number) > Math.trunc(node.low) && (value as number) < Math.trunc(node.high);
      return kind === 'number' ? (value as number) > node.low && (value as number) < node.high : undefined;
    }
  }
}

const text = (literal: Literal): string =>
  typeof literal === 'object'
    ? `now${literal.now < 0 ? '' : '+'}${literal.now}${literal.unit}`
    : String(literal);

/** Texts are equal or not; an order of them is a value that is no truth. */
function orderOfTexts(
  { sign }: Leaf & { op: 'compare' },
  value: unknown,
  other: string,
): Answer | typeof valueOnly {
  if (sign === '==' || sign === '!=')
    return value === undefined ? undefined : (value === other) === (sign === '==');
  return valueOnly;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Undefined for what is not of its kind. */
function typed(kind: string, stored: unknown): unknown {
  switch (kind) {
    case 'string':
      return typeof stored === 'string' ? stored : undefined;
    case 'int':
    case 'number':
      return typeof stored === 'number' ? stored : typeof stored === 'string' ? decimal(stored) : undefined;
    case 'bool':
      return typeof stored === 'boolean' ? stored : undefined;
    case 'date':
      if (typeof stored === 'number') return Math.floor(stored / 1000);
      return typeof stored === 'string' && /^\d{4}-.*Z$/.test(stored)
        ? Math.floor(Date.parse(stored) / 1000)
        : undefined;
    case '[]string':
      return Array.isArray(stored)
        ? stored.map((one) => (one === null ? null : String(one))).filter((one) => one !== null)
        : undefined;
    default:
      return isObject(stored) ? stored : undefined;
  }
}

const decimal = (given: string): number | undefined =>
  /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,3})?$/i.test(given) ? Number(given) : undefined;

function compareWith(
  { sign, with: literal }: Leaf & { op: 'compare' },
  kind: string,
  value: unknown,
  nowMs: number,
): Answer {
  const isEquality = sign === '==' || sign === '!=';
  switch (kind) {
    case 'string': {
      if (typeof literal === 'number') {
        const number = decimal((value as string).replaceAll(/[$,£€ ]/g, ''));
        return number === undefined ? sign === '!=' : ordered(sign, number, literal);
      }
      const truth = truths.get(value as string);
      if (sign === '==') return truth === literal;
      return sign === '!=' && truth !== undefined ? truth !== literal : undefined;
    }
    case 'int':
    case 'number': {
      const number =
        typeof literal === 'number' ? literal : typeof literal === 'string' ? decimal(literal) : undefined;
      return number === undefined ? undefined : ordered(sign, value as number, number);
    }
    case 'bool':
      return typeof literal === 'boolean' && isEquality ? (value === literal) === (sign === '==') : undefined;
    case 'date': {
      if (typeof literal !== 'object') return undefined;
      const seconds = Math.floor(nowMs / 1000) + literal.now * (literal.unit === 'h' ? 3_600 : 86_400);
      return ordered(sign, value as number, seconds);
    }
    default:
      return undefined;
  }
}

const truths: ReadonlyMap<string, boolean> = new Map([
  ...['1', 't', 'T', 'TRUE', 'true', 'True'].map((one) => [one, true] as const),
  ...['0', 'f', 'F', 'FALSE', 'false', 'False'].map((one) => [one, false] as const),
]);

function ordered(sign: string, one: number, other: number): boolean {
  if (sign === '==' || sign === '!=') return (one === other) === (sign === '==');
  return sign.startsWith('<')
    ? one < other || (sign === '<=' && one === other)
    : one > other || (sign === '>=' && one === other);
}

function globOf(glob: string): RegExp {
  const source = glob
    .replaceAll(/[^*%?]/g, (one) => one.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`))
    .replaceAll(/[*%]/g, '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source.replaceAll('\\.', String.raw`\.`)}$`, 'su');
}

function isIn(list: readonly (string | number)[], kind: string, value: unknown): Answer {
  const texts = list.map(String);
  if (kind === 'string') return texts.includes(value as string);
  if (kind === '[]string') return (value as string[]).some((one) => texts.includes(one));
  if (kind.startsWith('map')) return Object.keys(value as object).some((one) => texts.includes(one));
  if (kind !== 'int' && kind !== 'number') return undefined;
  return list.some((item) => {
    const number = typeof item === 'number' ? item : decimal(item);
    return number !== undefined && (kind === 'int' ? Math.trunc(number) : number) === value;
  });
}
