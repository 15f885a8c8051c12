/**
 * FilterQL, the language of audience rules:
 *
 *     FILTER condition [FROM table] [LIMIT count] [WITH key = value, …] [ALIAS name]
 *     SELECT columns FROM table FILTER condition …
 *
 * One class, since the parser library wants one; its rules run in the order in which they are read here.
 */
import { EmbeddedActionsParser } from 'chevrotain';
import type { IToken } from 'chevrotain';
import { faultAt, parseFault, parserWords, placeOf, tokensOf } from '../syntax.ts';
import {
  arithmetic,
  infix,
  minus,
  nameOf,
  negated,
  numberOf,
  signOf,
  textOf,
  truth,
  wholeOf,
} from './make-tree.ts';
import { tooDeep } from './scope.ts';
import { statementOf } from './statement-text.ts';
import * as t from './tokens.ts';
import type { Expression, Filter } from './tree.ts';

type Tail = Pick<Filter, 'from' | 'limit' | 'alias'>;

class FilterParser extends EmbeddedActionsParser {
  constructor() {
    super(t.allTokens, { maxLookahead: 1, errorMessageProvider: parserWords });
    this.performSelfAnalysis();
  }

  readonly statement = this.RULE('statement', (): Filter =>
    this.OR([{ ALT: () => this.SUBRULE(this.filter) }, { ALT: () => this.SUBRULE(this.selection) }]),
  );

  readonly filter = this.RULE('filter', (): Filter => {
    this.CONSUME(t.words.filter);
    const condition = this.OPTION(() => this.SUBRULE(this.phrase));
    return { condition, ...this.SUBRULE(this.tail), remarks: [] };
  });

  readonly selection = this.RULE('selection', (): Filter => {
    this.CONSUME(t.words.select);
    this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.column) });
    this.CONSUME(t.words.from);
    const from = this.SUBRULE(this.word);
    let condition: Filter['condition'];
    const remarks: string[] = [];
    this.OR([
      {
        ALT: () => {
          this.CONSUME(t.words.filter);
          condition = this.SUBRULE(this.phrase);
        },
      },
      {
        ALT: () => {
          this.CONSUME(t.words.where);
          this.SUBRULE(this.either);
          remarks.push('WHERE is not evaluated, so nobody matches: write FILTER in its place');
        },
      },
    ]);
    const tail = this.SUBRULE(this.tail);
    return { condition, ...tail, from: tail.from ?? from, remarks };
  });

  readonly column = this.RULE('column', (): undefined => {
    this.OR([{ ALT: () => void this.CONSUME(t.Star) }, { ALT: () => void this.SUBRULE(this.either) }]);
    this.OPTION(() => {
      this.CONSUME(t.words.as);
      this.SUBRULE(this.word);
    });
    return undefined;
  });

  readonly tail = this.RULE('tail', (): Tail => {
    const from = this.OPTION(() => {
      this.CONSUME(t.words.from);
      return this.SUBRULE(this.word);
    });
    const limit = this.OPTION2(() => {
      this.CONSUME(t.words.limit);
      const sign = this.OPTION3(() => this.CONSUME(t.Minus)) === undefined ? 1 : -1;
      const token = this.CONSUME(t.Numeral);
      return this.ACTION(() => {
        if (/^\d+$/.test(token.image)) return sign * Number(token.image);
        throw faultAt(t.filterLanguage.name, placeOf(token), 'LIMIT takes a whole number');
      });
    });
    this.OPTION4(() => {
      this.CONSUME(t.words.with);
      this.OR([
        { ALT: () => void this.CONSUME(t.Json) },
        {
          ALT: () => {
            this.AT_LEAST_ONE_SEP({
              SEP: t.Comma,
              DEF: () => {
                this.SUBRULE3(this.word);
                this.CONSUME(t.Sign);
                this.SUBRULE(this.product);
              },
            });
          },
        },
      ]);
    });
    const alias = this.OPTION5(() => {
      this.CONSUME(t.words.alias);
      return this.SUBRULE4(this.word);
    });
    return { from, limit, alias: this.ACTION(() => alias?.toLowerCase()) };
  });

  readonly phrase = this.RULE('phrase', (): Expression | 'all' =>
    this.OR([
      {
        ALT: (): 'all' => {
          this.CONSUME(t.Star);
          return 'all';
        },
      },
      {
        ALT: (): Expression | 'all' => {
          const first = this.LA(1);
          const tree = this.SUBRULE(this.either);
          return this.ACTION(() => wholeOf(tree, first));
        },
      },
    ]),
  );

  readonly either = this.RULE('either', (): Expression => {
    const items = [this.SUBRULE(this.both)];
    this.MANY(() => {
      this.OR([{ ALT: () => this.CONSUME(t.words.or) }, { ALT: () => this.CONSUME(t.DoubleOr) }]);
      items.push(this.SUBRULE2(this.both));
    });
    return infix('or', items);
  });

  readonly both = this.RULE('both', (): Expression => {
    const items = [this.SUBRULE(this.negation)];
    this.MANY(() => {
      this.OR([{ ALT: () => this.CONSUME(t.words.and) }, { ALT: () => this.CONSUME(t.DoubleAnd) }]);
      items.push(this.SUBRULE2(this.negation));
    });
    return infix('and', items);
  });

  readonly negation = this.RULE('negation', (): Expression => {
    const nots: IToken[] = [];
    this.MANY(() => void nots.push(this.CONSUME(t.words.not)));
    const operand = this.OR([
      { ALT: () => this.SUBRULE(this.group) },
      {
        ALT: (): Expression => {
          const place = placeOf(this.CONSUME(t.words.include));
          return { type: 'include', name: this.SUBRULE(this.includedName), place };
        },
      },
      { ALT: () => this.SUBRULE(this.comparison) },
    ]);
    // Two are none for what is a truth, and more tell no more than one or two.
    return this.ACTION(() => {
      if (nots.length === 0) return operand;
      return nots.length % 2 === 1 ? negated(operand) : negated(negated(operand));
    });
  });

  /** Conditions one after another: commas between them, before, behind and doubled may be left out. */
  readonly group = this.RULE('group', (): Expression => {
    const opener = this.OR([{ ALT: () => this.CONSUME(t.GroupAnd) }, { ALT: () => this.CONSUME(t.GroupOr) }]);
    this.CONSUME(t.Open);
    const items: Expression[] = [];
    const commas: IToken[] = [];
    this.MANY(() => {
      this.OR2([
        { ALT: () => void commas.push(this.CONSUME(t.Comma)) },
        { ALT: () => void items.push(this.SUBRULE(this.either)) },
      ]);
    });
    this.CONSUME(t.Close);
    return this.ACTION((): Expression => {
      const [comma] = commas;
      if (items.length === 0 && comma !== undefined)
        throw faultAt(t.filterLanguage.name, placeOf(comma), 'a condition is expected, not ","');
      const [only] = items;
      if (items.length === 1 && only !== undefined) return only;
      const operator = opener.tokenType === t.GroupAnd ? 'and' : 'or';
      return { type: 'group', operator, items, place: placeOf(opener) };
    });
  });

  readonly comparison = this.RULE('comparison', (): Expression => {
    let left = this.SUBRULE(this.sum);
    this.MANY(() => {
      const not = this.OPTION(() => this.CONSUME(t.PostfixNot));
      const made = this.OR([
        { ALT: () => this.SUBRULE(this.signed, { ARGS: [left] }) },
        { ALT: () => this.SUBRULE(this.likeOrContains, { ARGS: [left] }) },
        { ALT: () => this.SUBRULE(this.inList, { ARGS: [left] }) },
        { ALT: () => this.SUBRULE(this.between, { ARGS: [left] }) },
        { ALT: () => this.SUBRULE(this.isNotNull, { ARGS: [left] }) },
      ]);
      left = not === undefined ? made : negated(made);
    });
    return left;
  });

  readonly signed = this.RULE('signed', (left: Expression): Expression => {
    const token = this.CONSUME(t.Sign);
    const right = this.SUBRULE(this.sum);
    return { type: 'compare', sign: signOf(token.image), left, right, place: placeOf(token) };
  });

  readonly likeOrContains = this.RULE('likeOrContains', (left: Expression): Expression => {
    const token = this.OR([
      { ALT: () => this.CONSUME(t.words.like) },
      { ALT: () => this.CONSUME(t.words.contains) },
    ]);
    const right = this.SUBRULE(this.sum);
    const type = token.tokenType === t.words.like ? 'like' : 'contains';
    return { type, left, right, place: placeOf(token) };
  });

  readonly inList = this.RULE('inList', (left: Expression): Expression =>
    this.OR([
      {
        ALT: (): Expression => {
          const place = placeOf(this.CONSUME(t.words.in));
          const list = this.OR2([
            { ALT: (): readonly Expression[] | Expression => this.SUBRULE(this.list) },
            { ALT: () => this.SUBRULE(this.squareList) },
            { ALT: () => this.SUBRULE(this.text) },
            { ALT: () => this.SUBRULE(this.fieldOrCall) },
          ]);
          return { type: 'in', left, list, place };
        },
      },
      {
        ALT: (): Expression => {
          const place = placeOf(this.CONSUME(t.words.intersects));
          const list = this.OR3([
            { ALT: (): readonly Expression[] | Expression => this.SUBRULE2(this.list) },
            { ALT: () => this.SUBRULE2(this.fieldOrCall) },
          ]);
          return { type: 'in', left, list, place };
        },
      },
    ]),
  );

  readonly between = this.RULE('between', (left: Expression): Expression => {
    const place = placeOf(this.CONSUME(t.words.between));
    const low = this.SUBRULE(this.sum);
    this.CONSUME(t.words.and);
    const high = this.SUBRULE2(this.sum);
    return { type: 'between', left, low, high, place };
  });

  /** IS NOT NULL; IS NULL is never evaluated by Lytics, and so is not taken. */
  readonly isNotNull = this.RULE('isNotNull', (left: Expression): Expression => {
    const place = placeOf(this.CONSUME(t.words.is));
    this.CONSUME(t.words.not);
    const right: Expression = { type: 'null', place: placeOf(this.CONSUME(t.words.null)) };
    return { type: 'compare', sign: '!=', left, right, place };
  });

  readonly list = this.RULE('list', (): readonly Expression[] => {
    const items: Expression[] = [];
    this.CONSUME(t.Open);
    this.MANY(() => {
      this.OR([
        { ALT: () => void this.CONSUME(t.Comma) },
        { ALT: () => void items.push(this.SUBRULE(this.either)) },
      ]);
    });
    this.CONSUME(t.Close);
    return items;
  });

  readonly squareList = this.RULE('squareList', (): readonly Expression[] => {
    const items: Expression[] = [];
    this.CONSUME(t.OpenSquare);
    this.MANY(() => {
      this.OR([
        { ALT: () => void this.CONSUME(t.Comma) },
        { ALT: () => void items.push(this.SUBRULE(this.sum)) },
      ]);
    });
    this.CONSUME(t.CloseSquare);
    return items;
  });

  readonly sum = this.RULE('sum', (): Expression => {
    let left = this.SUBRULE(this.product);
    this.MANY(() => {
      const sign = this.OR([{ ALT: () => this.CONSUME(t.Plus) }, { ALT: () => this.CONSUME(t.Minus) }]);
      left = arithmetic(sign, left, this.SUBRULE2(this.product));
    });
    return left;
  });

  readonly product = this.RULE('product', (): Expression => {
    const minusSign = this.OPTION(() => this.CONSUME(t.Minus));
    const first = this.SUBRULE(this.atom);
    let left = this.ACTION(() => (minusSign === undefined ? first : minus(minusSign, first)));
    this.MANY(() => {
      const sign = this.OR([
        { ALT: () => this.CONSUME(t.Star) },
        { ALT: () => this.CONSUME(t.Slash) },
        { ALT: () => this.CONSUME(t.Percent) },
      ]);
      const nextMinus = this.OPTION2(() => this.CONSUME2(t.Minus));
      const next = this.SUBRULE2(this.atom);
      left = this.ACTION(() =>
        arithmetic(sign, left, nextMinus === undefined ? next : minus(nextMinus, next)),
      );
    });
    return left;
  });

  readonly atom = this.RULE('atom', (): Expression =>
    this.OR([
      { ALT: () => this.SUBRULE(this.text) },
      { ALT: () => this.SUBRULE(this.literal) },
      { ALT: () => this.SUBRULE(this.fieldOrCall) },
      {
        ALT: (): Expression => {
          const place = placeOf(this.CONSUME(t.words.exists));
          const operand = this.OR2([
            { ALT: () => this.SUBRULE2(this.text) },
            { ALT: () => this.SUBRULE2(this.literal) },
            { ALT: () => this.SUBRULE2(this.fieldOrCall) },
          ]);
          return { type: 'exists', operand, place };
        },
      },
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

  readonly text = this.RULE('text', (): Expression => {
    const token = this.CONSUME(t.Text);
    return { type: 'text', text: this.ACTION(() => textOf(token.image)), place: placeOf(token) };
  });

  readonly literal = this.RULE('literal', (): Expression =>
    this.OR([
      {
        ALT: (): Expression => {
          const token = this.CONSUME(t.Numeral);
          return this.ACTION(() => numberOf(token));
        },
      },
      { ALT: () => truth(this.CONSUME(t.words.true)) },
      { ALT: () => truth(this.CONSUME(t.words.false)) },
      { ALT: (): Expression => ({ type: 'null', place: placeOf(this.CONSUME(t.words.null)) }) },
    ]),
  );

  readonly fieldOrCall = this.RULE('fieldOrCall', (): Expression => {
    const token = this.OR([{ ALT: () => this.CONSUME(t.Name) }, { ALT: () => this.CONSUME(t.QuotedName) }]);
    const args = this.OPTION({
      // A list of an IN or a group may follow a name at once; a call's bracket touches its function's name.
      GATE: () =>
        this.LA(1).tokenType === t.Open &&
        this.LA(1).startOffset === this.LA(0).startOffset + this.LA(0).image.length,
      DEF: () => this.SUBRULE(this.list),
    });
    return this.ACTION((): Expression => {
      const place = placeOf(token);
      if (args !== undefined) return { type: 'call', name: token.image.toLowerCase(), args, place };
      const name = nameOf(token.image);
      if (/^(?:true|false)$/i.test(name.whole)) return truth(token, name.whole);
      return { type: 'field', name, place };
    });
  });

  readonly word = this.RULE('word', (): string => {
    const token = this.OR([{ ALT: () => this.CONSUME(t.Name) }, { ALT: () => this.CONSUME(t.QuotedName) }]);
    return this.ACTION(() => nameOf(token.image).whole);
  });

  readonly includedName = this.RULE('includedName', (): string =>
    this.OR([{ ALT: () => this.SUBRULE(this.word) }, { ALT: () => this.CONSUME(t.DigitName).image }]),
  );
}

const parser = new FilterParser();

/** @throws ExpectedError INPUT_NOT_VALID, with line and column, for a text that is no filter */
export function parseFilter(text: string): Filter {
  const { statement, remarks } = statementOf(text);
  const tokens = tokensOf(t.filterLanguage, statement);
  t.settleWords(tokens);
  parser.input = tokens;
  const filter = withinStack(() => parser.statement());
  const [error] = parser.errors;
  if (error !== undefined) throw parseFault(t.filterLanguage, tokens, error);
  return { ...filter, remarks: [...filter.remarks, ...remarks] };
}

/** The bound on brackets keeps the parser within the stack of an ordinary process; another may have a smaller one. */
function withinStack<Result>(parse: () => Result): Result {
  try {
    return parse();
  } catch (error) {
    if (error instanceof RangeError) throw tooDeep(t.filterLanguage.maxNesting);
    throw error;
  }
}
