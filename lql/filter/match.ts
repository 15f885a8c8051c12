/** LIKE, CONTAINS, and IN with its other name INTERSECTS. Whatever is not comparable gives null. */
import type { Place } from '../syntax.ts';
import { anyElement, numberOfText, plainText, secondsOfJson } from './casts.ts';
import { likeOfText, patternOf } from './glob.ts';
import { cases, either, isNumber, textSeparator, unknown, unlessAbsent } from './operand.ts';
import type { Operand, Truth, WhenAbsent } from './operand.ts';
import type { Scope } from './scope.ts';

const no = 'null::boolean';

const absent = (right: string, both: string): WhenAbsent => ({
  left: 'false',
  right,
  both,
  leftNil: no,
  rightNil: no,
});

export function like(scope: Scope, left: Operand, right: Operand, place: Place): Truth {
  return unlessAbsent(left, right, absent('false', 'false'), likePresent(scope, left, right, place));
}

function likePresent(scope: Scope, left: Operand, right: Operand, place: Place): string {
  if (!isTextual(left)) return no;
  if (right.type === 'bool') return 'false';
  if (right.type !== 'string') return no;
  const { literal } = right;
  if (literal === undefined || !('text' in literal))
    return textTest(left, (text) => `${text} like ${likeOfText(right.sql)} escape '\\'`);
  const pattern = patternOf(literal.text, place);
  if (pattern === undefined) return textTest(left, () => 'false');
  const given = scope.parameters.add(pattern.pattern, 'text');
  return textTest(
    left,
    (text) => `${text} collate "C" ${pattern.operator} ${given}`,
    isSearchable(pattern.part) ? { sql: scope.parameters.add(pattern.part, 'text') } : undefined,
  );
}

export function contains(left: Operand, right: Operand): Truth {
  return unlessAbsent(left, right, absent(no, no), containsPresent(left, right));
}

function containsPresent(left: Operand, right: Operand): string {
  if (!isTextual(left)) return no;
  switch (right.type) {
    case 'string':
      return textTest(
        left,
        (text) => `position(${right.sql} in ${text}) > 0`,
        right.literal !== undefined && 'text' in right.literal && isSearchable(right.literal.text)
          ? { sql: right.sql, isAll: true }
          : undefined,
      );
    case 'bool':
      return left.type === 'string'
        ? textTest(left, () => 'false')
        : textTest(left, (text) => `${text} = ${right.sql}::text`);
    case 'int':
    case 'float':
      // A text that contains a number stops Lytics' engine.
      return left.type === 'values'
        ? textTest(left, (text) => `${text} = trim_scale(${right.sql})::text`)
        : no;
    case 'strings':
    case 'values':
      return textTest(left, () => 'false');
    case 'time':
    case 'times':
    case 'map':
    case 'null':
      return no;
  }
}

const isTextual = ({ type }: Operand): boolean =>
  type === 'string' || type === 'strings' || type === 'values';

const isSearchable = (part: string): boolean => part !== '' && !part.includes(textSeparator.character);

interface Part {
  readonly sql: string;
  /** Whether every text that has it passes. */
  readonly isAll?: true;
}

/**
 * The test of a text, or of any element of a set.
 * @param part what a text has in it that passes the test
 */
function textTest(left: Operand, test: (text: string) => string, part?: Part): string {
  const { type, sql, texts } = left;
  if (type !== 'string') {
    if (texts === undefined) return anyElement(sql, (one) => test(plainText(one)));
    if (part === undefined)
      return `(case when ${texts.array()} is not null then exists (select from unnest(${texts.array()}) as e (e) where ${test('e.e')}) end)`;
    // To look at a set as a whole takes a tenth of the time, and most do not have it.
    const isThere = `position(${part.sql} in ${texts.joined()}) > 0`;
    if (part.isAll === true) return `(${isThere})`;
    const any = `exists (select from jsonb_array_elements_text(${sql}) as e (e) where ${test('e.e')})`;
    return `(case when ${texts.joined()} is not null then ${isThere} and ${any} end)`;
  }
  return `(case when ${left.sql} is not null then ${test(left.sql)} end)`;
}

/** Whether the left side is, or has one of, what the list has. */
export function isIn(scope: Scope, left: Operand, list: readonly Operand[]): Truth {
  const items = list.filter(({ literal }) => literal === undefined);
  if (list.some(({ type, missing }) => type === 'null' && missing !== true)) return unknown;
  const literals = list.flatMap(({ literal }) => (literal === undefined ? [] : [literal]));
  const texts = literals.map((literal) =>
    'text' in literal ? literal.text : 'digits' in literal ? literal.digits : String(literal.truth),
  );
  const given = (): string => scope.parameters.add(texts, 'text[]');
  const among = (text: string): string =>
    anyOf([`${text} = any(${given()})`, ...items.map((item) => `${text} = ${textForm(item) ?? 'null'}`)]);
  const absentItems = either(...items.flatMap(({ missing, nil }) => [missing, nil]));
  const present = ((): string => {
    switch (left.type) {
      case 'string':
        return `(case when ${left.sql} is not null then ${among(left.sql)} end)`;
      case 'int':
      case 'float':
        return amongNumbers(scope, left, literals, items);
      case 'strings':
      case 'values':
        return left.texts === undefined || items.length > 0
          ? anyElement(left.sql, (one) => among(plainText(one)))
          : `(${left.texts.array()} && ${given()})`;
      case 'times': {
        const seconds = literals.flatMap((literal) =>
          'text' in literal && literal.date !== undefined && 'seconds' in literal.date
            ? [String(literal.date.seconds)]
            : [],
        );
        return anyElement(
          left.sql,
          (one) => `${secondsOfJson(one)} = any(${scope.parameters.add(seconds, 'numeric[]')})`,
        );
      }
      case 'map':
        return `(case when ${left.sql} is not null then ${anyOf([
          `${left.sql} ?| ${given()}`,
          ...items.map((item) => `${left.sql} ? ${textForm(item) ?? 'null'}`),
        ])} end)`;
      case 'bool':
      case 'time':
      case 'null':
        return no;
    }
  })();
  if (left.missing === true) return { sql: cases([[absentItems, no]], 'false') };
  return {
    sql: cases(
      [
        [absentItems, no],
        [left.missing, 'false'],
        [left.nil, no],
      ],
      present,
    ),
    // Where an item is not there, the others do not count.
    ...(absentItems === false ? { holds: present } : {}),
  };
}

function amongNumbers(
  scope: Scope,
  left: Operand,
  literals: readonly NonNullable<Operand['literal']>[],
  items: readonly Operand[],
): string {
  const whole = (sql: string): string => (left.type === 'int' ? `trunc(${sql})` : sql);
  const numbers = literals.flatMap((literal) => {
    if ('truth' in literal) return [];
    const text = 'text' in literal ? literal.text : literal.digits;
    return /^[+-]?(\d{1,400}\.?\d{0,400}|\.\d{1,400})(e[+-]?\d{1,3})?$/i.test(text) ? [text] : [];
  });
  const tests = [
    ...new Set(numbers.map((number) => whole(scope.parameters.add(number, 'numeric')))),
    ...items.flatMap((item) =>
      isNumber(item) ? [whole(item.sql)] : item.type === 'string' ? [whole(numberOfText(item.sql))] : [],
    ),
  ].map((sql) => `${left.sql} = ${sql}`);
  return `(case when ${left.sql} is not null then ${anyOf(['false', ...tests])} end)`;
}

/** As an item of a list is compared with texts. */
function textForm({ type, sql }: Operand): string | undefined {
  if (type === 'string') return sql;
  if (type === 'int' || type === 'float') return `trim_scale(${sql})::text`;
  return type === 'bool' ? `${sql}::text` : undefined;
}

const anyOf = (tests: readonly string[]): string => `coalesce(${tests.join(' or ')}, false)`;

/** IN a field: one of the elements of a set, one of the keys of a map, or the field's value itself. */
export function isInField(scope: Scope, left: Operand, right: Operand): Truth {
  const rightHas = has(right);
  if (rightHas === undefined && right.type !== 'null' && right.type !== 'times')
    return isIn(scope, left, [right]).sql === no ? unknown : inOne(scope, left, right);
  return unlessAbsent(left, right, absent('false', no), inFieldPresent(left, right, rightHas));
}

function inOne(scope: Scope, left: Operand, right: Operand): Truth {
  const one = isIn(scope, { ...left, missing: false, nil: false }, [
    { ...right, missing: false, nil: false },
  ]);
  return unlessAbsent(left, right, absent('false', no), one.sql);
}

/** Whether a set or map has the text. */
function has({ type, sql }: Operand): ((text: string) => string) | undefined {
  if (type === 'strings' || type === 'values')
    return (text) => anyElement(sql, (one) => `${plainText(one)} = ${text}`);
  return type === 'map' ? (text) => `(${sql} ? ${text})` : undefined;
}

function inFieldPresent(left: Operand, right: Operand, rightHas: ReturnType<typeof has>): string {
  if (right.type === 'times' && left.type === 'time')
    return anyElement(right.sql, (one) => `${secondsOfJson(one)} = ${left.sql}`);
  if (rightHas === undefined) return no;
  if (left.type === 'strings' || left.type === 'values')
    return anyElement(left.sql, (one) => rightHas(plainText(one)), 'l');
  const text = textForm(left);
  return text === undefined ? no : rightHas(text);
}
