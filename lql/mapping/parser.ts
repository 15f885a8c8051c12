/**
 * LQL, the language of mappings:
 *
 *     SELECT expr AS name [IF guard] [SHORTDESC text] [LONGDESC text] [KIND kind] [MERGEOP operator]
 *            [CAPACITY entries], …
 *     FROM stream INTO table BY field [OR field …] [WHERE guard] [ALIAS name]
 *
 * One class, since the parser library wants one; its rules run in the order in which they are read here.
 */
import { EmbeddedActionsParser } from 'chevrotain';
import type { IToken } from 'chevrotain';
import { parseFault, parserWords, placeOf, tokensOf } from '../syntax.ts';
import type { Column, Comparison, Expression, Statement, Word } from './expression.ts';
import * as t from './tokens.ts';

class MappingParser extends EmbeddedActionsParser {
  constructor() {
    super(t.allTokens, { maxLookahead: 2, errorMessageProvider: parserWords });
    this.performSelfAnalysis();
  }

  readonly statement = this.RULE('statement', (): Statement => {
    this.CONSUME(t.words.select);
    const columns = [this.SUBRULE(this.column)];
    this.MANY(() => {
      this.CONSUME(t.Comma);
      columns.push(this.SUBRULE2(this.column));
    });
    this.CONSUME(t.words.from);
    const from = this.SUBRULE(this.word);
    this.CONSUME(t.words.into);
    const into = this.SUBRULE2(this.word);
    this.CONSUME(t.words.by);
    const by = [this.SUBRULE3(this.word)];
    this.MANY2(() => {
      this.CONSUME(t.words.or);
      by.push(this.SUBRULE4(this.word));
    });
    const where = this.OPTION(() => {
      this.CONSUME(t.words.where);
      return this.SUBRULE(this.either);
    });
    const alias = this.OPTION2(() => {
      this.CONSUME(t.words.alias);
      return this.SUBRULE5(this.word);
    });
    this.OPTION3(() => this.CONSUME(t.Semicolon));
    return { columns, from, into, by, where, alias };
  });

  /** One expression alone, as "mapping test" takes it. */
  readonly only = this.RULE('only', (): Expression => this.SUBRULE(this.either));

  readonly column = this.RULE('column', (): Column => {
    const expression = this.SUBRULE(this.either);
    this.CONSUME(t.words.as);
    const name = this.SUBRULE(this.word);
    const guard = this.OPTION(() => {
      this.CONSUME(t.words.if);
      return this.SUBRULE2(this.either);
    });
    const shortDescription = this.OPTION2(() => {
      this.CONSUME(t.words.shortDescription);
      return textOf(this.CONSUME(t.Text));
    });
    const longDescription = this.OPTION3(() => {
      this.CONSUME(t.words.longDescription);
      return textOf(this.CONSUME2(t.Text));
    });
    const kind = this.OPTION4(() => {
      this.CONSUME(t.words.kind);
      return this.SUBRULE(this.kindWord);
    });
    const mergeOperator = this.OPTION5(() => {
      this.CONSUME(t.words.mergeOperator);
      return this.SUBRULE2(this.word);
    });
    const capacity = this.OPTION6(() => {
      this.CONSUME(t.words.capacity);
      const token = this.CONSUME(t.Numeral);
      return { entries: Number(token.image), place: placeOf(token) };
    });
    return { expression, name, guard, shortDescription, longDescription, kind, mergeOperator, capacity };
  });

  readonly either = this.RULE('either', (): Expression => {
    const operands = [this.SUBRULE(this.both)];
    this.MANY(() => {
      this.CONSUME(t.words.or);
      operands.push(this.SUBRULE2(this.both));
    });
    return joined('or', operands);
  });

  readonly both = this.RULE('both', (): Expression => {
    const operands = [this.SUBRULE(this.negation)];
    this.MANY(() => {
      this.CONSUME(t.words.and);
      operands.push(this.SUBRULE2(this.negation));
    });
    return joined('and', operands);
  });

  readonly negation = this.RULE('negation', (): Expression => {
    const nots: IToken[] = [];
    this.MANY(() => void nots.push(this.CONSUME(t.words.not)));
    const operand = this.SUBRULE(this.comparison);
    return this.ACTION(() => (nots.length % 2 === 0 ? operand : negated(operand)));
  });

  readonly comparison = this.RULE('comparison', (): Expression => {
    const left = this.SUBRULE(this.operand);
    return this.OR([
      {
        ALT: (): Expression => {
          const sign = this.CONSUME(t.ComparisonSign);
          const right = this.SUBRULE2(this.operand);
          return { type: 'compare', operator: comparisonOf(sign.image), left, right, place: placeOf(sign) };
        },
      },
      {
        ALT: (): Expression => {
          const place = placeOf(this.CONSUME(t.words.in));
          return { type: 'in', operand: left, list: this.SUBRULE(this.list), place };
        },
      },
      {
        ALT: (): Expression => {
          const place = placeOf(this.CONSUME(t.words.not));
          this.CONSUME2(t.words.in);
          return negated({ type: 'in', operand: left, list: this.SUBRULE2(this.list), place });
        },
      },
      { ALT: () => left },
    ]);
  });

  readonly list = this.RULE('list', (): readonly Expression[] => {
    const items: Expression[] = [];
    this.CONSUME(t.Open);
    this.MANY_SEP({ SEP: t.Comma, DEF: () => void items.push(this.SUBRULE(this.either)) });
    this.CONSUME(t.Close);
    return items;
  });

  readonly operand = this.RULE('operand', (): Expression =>
    this.OR([
      { ALT: () => this.SUBRULE(this.literal) },
      { ALT: () => this.SUBRULE(this.existence) },
      { ALT: () => this.SUBRULE(this.call) },
      { ALT: () => this.SUBRULE(this.field) },
      {
        ALT: () => {
          this.CONSUME(t.Open);
          const inner = this.SUBRULE(this.either);
          this.CONSUME(t.Close);
          return inner;
        },
      },
    ]),
  );

  /** EXISTS x, and exists(x). */
  readonly existence = this.RULE('existence', (): Expression => {
    const place = placeOf(this.CONSUME(t.words.exists));
    return { type: 'call', name: 'exists', args: [this.SUBRULE(this.operand)], place };
  });

  readonly call = this.RULE('call', (): Expression => {
    const name = this.CONSUME(t.Identifier);
    return {
      type: 'call',
      name: name.image.toLowerCase(),
      args: this.SUBRULE(this.list),
      place: placeOf(name),
    };
  });

  readonly field = this.RULE('field', (): Expression => {
    const { text, place } = this.SUBRULE(this.word);
    return { type: 'field', name: text, place };
  });

  readonly literal = this.RULE('literal', (): Expression => {
    const token = this.OR([
      { ALT: () => this.CONSUME(t.Text) },
      { ALT: () => this.CONSUME(t.Numeral) },
      { ALT: () => this.CONSUME(t.words.true) },
      { ALT: () => this.CONSUME(t.words.false) },
      { ALT: () => this.CONSUME(t.words.null) },
    ]);
    return { type: 'literal', value: this.ACTION(() => literalOf(token)), place: placeOf(token) };
  });

  readonly word = this.RULE('word', (): Word => {
    const token = this.OR([
      { ALT: () => this.CONSUME(t.Identifier) },
      { ALT: () => this.CONSUME(t.QuotedName) },
    ]);
    return this.ACTION(() => ({ text: token.image.replaceAll('`', ''), place: placeOf(token) }));
  });

  readonly kindWord = this.RULE('kindWord', (): Word => {
    const token = this.OR([
      { ALT: () => this.CONSUME(t.Identifier) },
      { ALT: () => this.CONSUME(t.KindText) },
    ]);
    return this.ACTION(() => ({ text: token.image.toLowerCase(), place: placeOf(token) }));
  });
}

const parser = new MappingParser();

function parsed<T>(text: string, rule: () => T): T {
  const tokens = tokensOf(t.mappingLanguage, text);
  parser.input = tokens;
  const tree = rule();
  const [error] = parser.errors;
  if (error !== undefined) throw parseFault(t.mappingLanguage, tokens, error);
  return tree;
}

export const parseStatement = (text: string): Statement => parsed(text, () => parser.statement());

export const parseExpression = (text: string): Expression => parsed(text, () => parser.only());

function joined(type: 'and' | 'or', operands: readonly Expression[]): Expression {
  const [first] = operands;
  // While the library records the grammar, a rule yields nothing to look at.
  if (first === undefined) throw new Error('no operand');
  return operands.length === 1 ? first : { type, operands, place: first.place };
}

function negated(operand: Expression): Expression {
  return { type: 'not', operand, place: operand.place };
}

function comparisonOf(sign: string): Comparison {
  if (sign === '=') return '==';
  return sign === '<>' ? '!=' : (sign as Comparison);
}

function literalOf({ image, tokenType }: IToken): string | number | boolean | null {
  if (tokenType === t.Text) return textOf({ image });
  if (tokenType === t.Numeral) return Number(image);
  return tokenType === t.words.null ? null : tokenType === t.words.true;
}

/** A text without its quotes; a doubled quote, and one after a backslash, is the quote itself. */
function textOf({ image }: Pick<IToken, 'image'>): string {
  const quote = image.slice(0, 1);
  const inner = image.slice(1, -1).replaceAll(quote + quote, quote);
  return inner.replace(/\\(["'])/g, '$1');
}
