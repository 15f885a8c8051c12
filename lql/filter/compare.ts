/**
 * == != < <= > >= and BETWEEN. The left side's type decides how the right side is read; what cannot be compared
 * gives null. Source: Lytics' engine, by its answers.
 */
import {
  amountOfText,
  anyElement,
  numberOfText,
  secondsOfJson,
  secondsOfText,
  truthOfText,
} from './casts.ts';
import { readEpoch } from './date-text.ts';
import type { DateText } from './date-text.ts';
import { either, cases, isNumber, unknown, unlessAbsent } from './operand.ts';
import type { Operand, Truth } from './operand.ts';
import { movingSeconds } from './scope.ts';
import type { Scope } from './scope.ts';
import type { ComparisonSign } from './tree.ts';

const no = 'null::boolean';

const mirrored: Readonly<Record<ComparisonSign, ComparisonSign>> = {
  '==': '==',
  '!=': '!=',
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
};

const sqlSign = (sign: ComparisonSign): string => (sign === '==' ? '=' : sign === '!=' ? '<>' : sign);

export function compare(scope: Scope, sign: ComparisonSign, left: Operand, right: Operand): Truth {
  const isEquality = sign === '==' || sign === '!=';
  const differs = String(sign === '!=');
  // Lytics' engine has no order of texts: its answer is a value that is no truth.
  if (left.type === 'string' && right.type === 'string' && !isEquality) {
    const absent = either(left.missing, right.missing);
    const nil = either(left.nil, right.nil);
    return {
      sql: cases(
        [
          [absent, 'false'],
          [true, no],
        ],
        no,
      ),
      isValue: cases(
        [
          [absent, 'false'],
          [nil, 'false'],
          [true, 'true'],
        ],
        'true',
      ),
    };
  }
  const bothNil = cases([[right.nil, 'true']], differs);
  return unlessAbsent(
    left,
    right,
    {
      both: 'false',
      left: differs,
      right: differs,
      leftNil: isEquality ? bothNil : no,
      rightNil: isEquality ? besideNull(sign, left) : no,
    },
    present(scope, sign, left, right),
  );
}

/** A value that is there, beside NULL. An empty text equals it. */
function besideNull(sign: ComparisonSign, { type, sql }: Operand): string {
  if (type === 'string') return `(${sql} ${sqlSign(sign)} '')`;
  if (type === 'bool') return String(sign === '!=');
  return type === 'strings' && sign === '==' ? 'false' : no;
}

function present(scope: Scope, sign: ComparisonSign, left: Operand, right: Operand): string {
  switch (left.type) {
    case 'string':
      return besideText(scope, sign, left, right);
    case 'int':
    case 'float': {
      const number = numberOf(right);
      return number === undefined ? no : `(${left.sql} ${sqlSign(sign)} ${number})`;
    }
    case 'bool':
      return right.type === 'bool' && (sign === '==' || sign === '!=')
        ? `(${left.sql} ${sqlSign(sign)} ${right.sql})`
        : no;
    case 'time': {
      const seconds = secondsOf(scope, right, { sql: left.sql, isSet: false });
      return seconds === undefined ? no : `(${left.sql} ${sqlSign(sign)} ${seconds})`;
    }
    case 'times': {
      const seconds = secondsOf(scope, right, { sql: left.sql, isSet: true });
      if (seconds === undefined) return no;
      return anyElement(left.sql, (one) => `${secondsOfJson(one)} ${sqlSign(sign)} ${seconds}`);
    }
    case 'strings':
      return sign === '==' ? 'false' : no;
    case 'values':
    case 'map':
    case 'null':
      return no;
  }
}

function besideText(scope: Scope, sign: ComparisonSign, left: Operand, right: Operand): string {
  switch (right.type) {
    case 'string':
      return `(${left.sql} ${sqlSign(sign)} ${right.sql})`;
    case 'int':
    case 'float':
      // What is no number differs from every number.
      return `(case when ${left.sql} is not null then coalesce(${amountOfText(left.sql)} ${sqlSign(sign)} ${right.sql}, ${String(sign === '!=')}) end)`;
    case 'bool': {
      const read = truthOfText(left.sql);
      if (sign === '==')
        return `(case when ${left.sql} is not null then coalesce(${read} = ${right.sql}, false) end)`;
      return sign === '!=' ? `(${read} <> ${right.sql})` : no;
    }
    case 'time': {
      const seconds = secondsOf(scope, left, { sql: right.sql, isSet: false });
      return seconds === undefined ? no : `(${right.sql} ${sqlSign(mirrored[sign])} ${seconds})`;
    }
    case 'strings':
    case 'times':
    case 'values':
    case 'map':
    case 'null':
      return no;
  }
}

/** The right side as a number, beside a number. */
export function numberOf(right: Operand): string | undefined {
  if (isNumber(right)) return right.sql;
  return right.type === 'string' ? numberOfText(right.sql) : undefined;
}

interface Stored {
  readonly sql: string;
  readonly isSet: boolean;
}

/** The right side in seconds, beside the stored time, whose comparison moves where the right side does. */
function secondsOf(scope: Scope, right: Operand, { sql, isSet }: Stored): string | undefined {
  const literal = right.literal;
  if (literal !== undefined && 'text' in literal) return secondsOfDate(scope, literal.date, { sql, isSet });
  if (literal !== undefined && 'digits' in literal)
    return secondsOfDate(scope, readEpoch(Number(literal.digits)), { sql, isSet });
  if (right.type === 'time') return right.sql;
  return right.type === 'string' ? secondsOfText(right.sql) : undefined;
}

function secondsOfDate(scope: Scope, date: DateText | undefined, { sql, isSet }: Stored): string | undefined {
  if (date === undefined) return undefined;
  if ('seconds' in date) return scope.parameters.add(String(date.seconds), 'numeric');
  scope.moving.push({ sql, isSet, shift: date.shift });
  return movingSeconds(scope, date.shift);
}

/** Between the two, neither of which it may be. Whole numbers are compared with whole ones. */
export function between(scope: Scope, left: Operand, low: Operand, high: Operand): Truth {
  const bounds = [low, high].map((bound) => {
    if (isNumber(left)) {
      const number = numberOf(bound);
      return number !== undefined && left.type === 'int' ? `trunc(${number})` : number;
    }
    return left.type === 'time' ? secondsOf(scope, bound, { sql: left.sql, isSet: false }) : undefined;
  });
  const [from, to] = bounds;
  if (from === undefined || to === undefined) return unknown;
  const absent = either(left.missing, low.missing, high.missing, left.nil, low.nil, high.nil);
  if (absent === true) return unknown;
  const within = `(case when ${from} is not null and ${to} is not null then ${left.sql} > ${from} and ${left.sql} < ${to} end)`;
  return { sql: cases([[absent, no]], within), holds: within };
}
