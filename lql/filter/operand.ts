/**
 * What stands on one side of a comparison, in SQL: its type, its value, and whether it is there at all. A
 * value that is there and not of its type is null.
 */
import type { ValueType } from './field-types.ts';
import type { DateText } from './date-text.ts';

export interface Operand {
  readonly type: ValueType;
  /**
   * Its value: text, numeric (int, float, and time in seconds), boolean; jsonb for sets and maps. An SQL
   * expression of which the bare value is a simple one, since it may stand in a text more than once.
   */
  readonly sql: string;
  /** Whether it is not there: an SQL condition, or what is known before. */
  readonly missing: string | boolean;
  /** Whether it is there as null. */
  readonly nil: string | boolean;
  /** Of a set that is a field's: its elements. */
  readonly texts?: Texts;
  /** What is written in the filter itself. */
  readonly literal?: Literal;
}

export interface Texts {
  /** SQL of them as text[]; null where the value is no set. */
  array(): string;
  /** SQL of them as one text; null where the value is no set. */
  joined(): string;
}

/** Between the elements of a set as one text: what holds none of it is in the text where it is in an element. */
export const textSeparator = { character: '\u0001', sql: 'chr(1)' } as const;

export type Literal =
  | { readonly text: string; readonly date: DateText | undefined }
  | { readonly digits: string; readonly isWhole: boolean }
  | { readonly truth: boolean };

/** What a condition yields: null where it cannot be evaluated. */
export interface Truth {
  readonly sql: string;
  /** SQL that is true where `sql` is, and else false or null: where nothing else counts, it costs much less. */
  readonly holds?: string;
  /** Whether it yields a value that is no truth, which an infix AND and OR tell from the other. */
  readonly isValue?: string;
}

export const holdsOf = ({ sql, holds }: Truth): string => holds ?? sql;

export const unknown: Truth = { sql: 'null::boolean' };
export const truth = (value: boolean): Truth => ({ sql: value ? 'true' : 'false' });

/** Nothing: what a function that is not there, or sums of what are no numbers, yield. */
export const nothing: Operand = { type: 'null', sql: 'null::jsonb', missing: true, nil: false };

export const isNumber = ({ type }: Operand): boolean => type === 'int' || type === 'float';

export interface WhenAbsent {
  readonly left: string;
  readonly right: string;
  readonly both: string;
  /** Present as null, on either side. */
  readonly leftNil: string;
  readonly rightNil: string;
}

/**
 * The answer where a side is not there, or else `present`, which is never true of such a side: its value is null.
 */
export function unlessAbsent(left: Operand, right: Operand, absent: WhenAbsent, present: string): Truth {
  const answers = [
    [both(left.missing, right.missing), absent.both],
    [left.missing, absent.left],
    [right.missing, absent.right],
    [left.nil, absent.leftNil],
    [right.nil, absent.rightNil],
  ] as const;
  const isNeverTrue = answers.every(
    ([condition, answer]) => condition === false || answer === 'false' || answer === unknown.sql,
  );
  const sql = cases(answers, present);
  return isNeverTrue ? { sql, holds: present } : { sql };
}

/** A CASE without the branches of which it is known that they are not taken. */
export function cases(
  branches: readonly (readonly [condition: string | boolean, result: string])[],
  otherwise: string,
): string {
  const open: string[] = [];
  for (const [condition, result] of branches) {
    if (condition === false) continue;
    if (condition === true) return closed(open, result);
    open.push(`when ${condition} then ${result}`);
  }
  return closed(open, otherwise);
}

const closed = (open: readonly string[], otherwise: string): string =>
  open.length === 0 ? otherwise : `(case ${open.join(' ')} else ${otherwise} end)`;

function both(one: string | boolean, other: string | boolean): string | boolean {
  if (one === false || other === false) return false;
  if (one === true) return other;
  return other === true ? one : `(${one} and ${other})`;
}

export function either(...conditions: readonly (string | boolean)[]): string | boolean {
  if (conditions.includes(true)) return true;
  const open = conditions.filter((one) => one !== false);
  return open.length === 0 ? false : `(${open.join(' or ')})`;
}
