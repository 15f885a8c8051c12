/**
 * Functions of FilterQL, by name in lower case. One that is not here yields nothing, as in Lytics' engine, and
 * `checkFilter` says so.
 */
import { numberOfText, secondsOfText } from './casts.ts';
import { compare } from './compare.ts';
import { contains } from './match.ts';
import { either, nothing } from './operand.ts';
import type { Operand, Truth } from './operand.ts';
import type { Scope } from './scope.ts';
import type { ComparisonSign } from './tree.ts';

interface FunctionOf {
  /** How many arguments: at least, and at most. */
  readonly takes: readonly [least: number, most: number];
  of(scope: Scope, args: readonly [Operand, ...Operand[]]): Operand;
}

/** What a function makes of its arguments; nothing where one of them is nothing. */
const made = (type: Operand['type'], sql: string, args: readonly Operand[]): Operand => ({
  type,
  sql,
  missing: either(...args.flatMap(({ missing, nil }) => [missing, nil])),
  nil: false,
});

const ofText = (type: Operand['type'], sql: (text: string) => string): FunctionOf => ({
  takes: [1, 1],
  of: (_, [text]) => (text.type === 'string' ? made(type, sql(text.sql), [text]) : nothing),
});

const ofTexts = (sql: (text: string, other: string) => string): FunctionOf => ({
  takes: [2, 2],
  of: (_, [text, other = nothing]) =>
    text.type === 'string' && other.type === 'string'
      ? made('bool', `(${sql(text.sql, other.sql)})`, [text, other])
      : nothing,
});

const truthOf = ({ sql }: Truth): Operand => ({ type: 'bool', sql, missing: false, nil: false });

const comparing = (sign: ComparisonSign): FunctionOf => ({
  takes: [2, 2],
  of: (scope, [left, right = nothing]) => truthOf(compare(scope, sign, left, right)),
});

const hostOf = (url: string): string =>
  `substring(${url} from '^[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?([^/?#:]+)')`;

/** The two last labels of an address' host. */
const domainOf = (text: string): string =>
  `substring(coalesce(${hostOf(text)}, substring(${text} from '@(.+)$')) from '([^.]+[.][^.]+)$')`;

const functions: Readonly<Record<string, FunctionOf>> = {
  now: {
    takes: [0, 0],
    of: () => ({
      type: 'string',
      sql: "''",
      missing: false,
      nil: false,
      literal: { text: 'now', date: { shift: { amount: 0, unit: 's' } } },
    }),
  },
  tolower: ofText('string', (text) => `lower(${text})`),
  host: ofText('string', hostOf),
  domain: ofText('string', domainOf),
  len: {
    takes: [1, 1],
    of: (_, [value]) => {
      if (value.type === 'string') return made('int', `char_length(${value.sql})::numeric`, [value]);
      return ['strings', 'times', 'values'].includes(value.type)
        ? made('int', `jsonb_array_length(${value.sql})::numeric`, [value])
        : nothing;
    },
  },
  tostring: {
    takes: [1, 1],
    of: (_, [value]) => {
      if (value.type === 'string') return value;
      if (value.type === 'bool') return made('string', `(${value.sql})::text`, [value]);
      return value.type === 'int' || value.type === 'float'
        ? made('string', `trim_scale(${value.sql})::text`, [value])
        : nothing;
    },
  },
  toint: toNumber('int'),
  tonumber: toNumber('float'),
  todate: {
    takes: [1, 1],
    of: (_, [value]) => {
      if (value.type === 'time' || value.literal !== undefined) return value;
      return value.type === 'string' ? made('time', secondsOfText(value.sql), [value]) : nothing;
    },
  },
  oneof: {
    takes: [1, 20],
    of: (_, [first, ...rest]) => {
      const there = [first, ...rest].filter(({ missing }) => missing !== true);
      const { type, sql } = there[0] ?? nothing;
      if (there.some((one) => one.type !== type)) return nothing;
      const value = there.length < 2 ? sql : `coalesce(${there.map((one) => one.sql).join(', ')})`;
      return { type, sql: value, missing: `${value} is null`, nil: false };
    },
  },
  contains: {
    takes: [2, 2],
    of: (_, [left, right = nothing]) => truthOf(contains(left, right)),
  },
  hasprefix: ofTexts((text, prefix) => `starts_with(${text}, ${prefix})`),
  hassuffix: ofTexts(
    (text, suffix) => `right(${text}, char_length(${suffix})) = ${suffix} and ${suffix} <> ''`,
  ),
  eq: comparing('=='),
  ne: comparing('!='),
  lt: comparing('<'),
  le: comparing('<='),
  gt: comparing('>'),
  ge: comparing('>='),
};

function toNumber(type: 'int' | 'float'): FunctionOf {
  const cut = (sql: string): string => (type === 'int' ? `trunc(${sql})` : sql);
  return {
    takes: [1, 1],
    of: (_, [value]) => {
      if (value.type === 'int' || value.type === 'float') return made(type, cut(value.sql), [value]);
      return value.type === 'string' ? made(type, cut(numberOfText(value.sql)), [value]) : nothing;
    },
  };
}

export const functionNamed = (name: string): FunctionOf | undefined =>
  Object.hasOwn(functions, name) ? functions[name] : undefined;

export const functionNames: readonly string[] = Object.keys(functions);
