/** The nodes of a filter's tree, made of the parser's tokens. */
import type { IToken } from 'chevrotain';
import { faultAt, placeOf } from '../syntax.ts';
import { filterLanguage, Name } from './tokens.ts';
import type { ArithmeticSign, ComparisonSign, Expression, FieldName } from './tree.ts';

/** match_all as the whole phrase is everybody; before anything else it is a slip. */
export function wholeOf(tree: Expression, first: IToken): Expression | 'all' {
  if (first.tokenType !== Name || first.image.toLowerCase() !== 'match_all') return tree;
  if (tree.type === 'field') return 'all';
  throw faultAt(filterLanguage.name, placeOf(first), 'match_all stands alone');
}

export const infix = (operator: 'and' | 'or', items: readonly Expression[]): Expression => {
  const [first] = items;
  // While the library records the grammar, a rule yields nothing to look at.
  if (first === undefined) throw new Error('no operand');
  return items.length === 1 ? first : { type: 'infix', operator, items, place: first.place };
};

export const negated = (operand: Expression): Expression => ({ type: 'not', operand, place: operand.place });

export function signOf(image: string): ComparisonSign {
  if (image === '=') return '==';
  return image === '<>' ? '!=' : (image as ComparisonSign);
}

export const arithmetic = (sign: IToken, left: Expression, right: Expression): Expression => ({
  type: 'arithmetic',
  sign: sign.image as ArithmeticSign,
  left,
  right,
  place: placeOf(sign),
});

export const truth = (token: IToken, image = token.image): Expression => ({
  type: 'truth',
  value: image.toLowerCase() === 'true',
  place: placeOf(token),
});

export function minus(sign: IToken, operand: Expression): Expression {
  if (operand.type === 'number')
    return { ...operand, digits: operand.digits === '0' ? '0' : `-${operand.digits}`, place: placeOf(sign) };
  const zero: Expression = { type: 'number', digits: '0', isWhole: true, place: placeOf(sign) };
  return arithmetic(sign, zero, operand);
}

const MOST_INT = 2n ** 63n - 1n;

/** Whole numbers up to 64 bits are exact; beyond, and with a fraction, they are doubles, as Lytics' are. */
export function numberOf(token: IToken): Expression {
  const place = placeOf(token);
  if (/^(?:0x[0-9a-f]+|\d+)$/i.test(token.image)) {
    const whole = BigInt(token.image);
    if (whole <= MOST_INT) return { type: 'number', digits: String(whole), isWhole: true, place };
  }
  const number = Number(token.image);
  if (!Number.isFinite(number)) throw faultAt(filterLanguage.name, place, 'the number is too great');
  return { type: 'number', digits: String(number), isWhole: false, place };
}

/** Backslashes stay, unless the text has a quote in it: then all of them go, as in Lytics' engine. */
export function textOf(image: string): string {
  const inner = image.slice(1, -1);
  return inner.includes('"') ? inner.replaceAll('\\', '').replaceAll('""', '"') : inner;
}

/** The name of a field, by how it was quoted. */
export function nameOf(image: string): FieldName {
  if (image.startsWith("'") || image.startsWith('[')) return { whole: image.slice(1, -1) };
  if (!image.startsWith('`')) return { whole: image.replaceAll('`', '') };
  const parts = image.slice(1, -1).split('`.`');
  const [map = '', key, ...more] = parts;
  if (key === undefined) return { whole: map };
  // A third part would be a map within a map, which there is none of: no field has this name.
  return { whole: '', map, key: [key, ...more].join('`.`') };
}
