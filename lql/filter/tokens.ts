/**
 * The words of FilterQL, and which of their meanings a word has where it stands. Names may hold letters of any
 * script, digits and _ . - / ; in backquotes, single quotes or square brackets whatever else.
 */
import { createToken, Lexer } from 'chevrotain';
import type { CustomPatternMatcherFunc, IToken, TokenType } from 'chevrotain';
import type { Language } from '../syntax.ts';

/** A pattern that the lexer does not look into: it cannot analyse those of Unicode. */
const sticky =
  (source: string): CustomPatternMatcherFunc =>
  (text, offset) => {
    const pattern = new RegExp(source, 'uy');
    pattern.lastIndex = offset;
    return pattern.exec(text);
  };

const bare = String.raw`[\p{L}_@.][\p{L}\p{N}_.\-/]*`;

export const Name = createToken({
  name: 'name',
  // "a", "a.b", a.`b c`; not "@" or "." alone.
  pattern: sticky(String.raw`(?=[@.]?[\p{L}\p{N}_])${bare}(?:(?<=\.)\x60[^\x60\n]+\x60)?`),
  line_breaks: false,
});
export const QuotedName = createToken({
  name: '`name`',
  pattern: sticky(String.raw`\x60[^\x60\n]+\x60(?:\.\x60[^\x60\n]+\x60)*|'[^'\n]+'|\[[\p{L}_][^\]"',\n]*\]`),
  line_breaks: false,
});
/** A name that starts with a digit: an audience's id. */
export const DigitName = createToken({
  name: 'name that starts with a digit',
  pattern: sticky(String.raw`\d+[\p{L}_][\p{L}\p{N}_\-]*`),
  line_breaks: false,
});
export const Numeral = createToken({
  name: 'number',
  pattern: sticky(String.raw`(?:0x[0-9a-fA-F]+|(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d+)?)(?![\p{L}\p{N}_.])`),
  line_breaks: false,
});
/** Only double quotes; a quote inside is doubled, or has a backslash before it. */
export const Text = createToken({
  name: '"text"',
  pattern: sticky(String.raw`"(?:""|\\"|[^"\\]|\\(?!"))*"(?!")`),
  line_breaks: true,
});

const keyword = (word: string): TokenType =>
  createToken({ name: word.toUpperCase(), pattern: new RegExp(word, 'i'), longer_alt: Name });

export const words = {
  filter: keyword('filter'),
  select: keyword('select'),
  from: keyword('from'),
  where: keyword('where'),
  limit: keyword('limit'),
  with: keyword('with'),
  alias: keyword('alias'),
  as: keyword('as'),
  and: keyword('and'),
  or: keyword('or'),
  not: keyword('not'),
  intersects: keyword('intersects'),
  include: keyword('include'),
  in: keyword('in'),
  exists: keyword('exists'),
  like: keyword('like'),
  contains: keyword('contains'),
  between: keyword('between'),
  is: keyword('is'),
  true: keyword('true'),
  false: keyword('false'),
  null: keyword('null'),
} as const;

const retagged = (name: string): TokenType => createToken({ name, pattern: Lexer.NA });
/** AND and OR that open a group, and NOT behind its operand: told apart by what stands around them. */
export const GroupAnd = retagged('AND (');
export const GroupOr = retagged('OR (');
export const PostfixNot = retagged('NOT');

export const DoubleAnd = createToken({ name: '&&', pattern: /&&/ });
export const DoubleOr = createToken({ name: '||', pattern: /\|\|/ });
export const Sign = createToken({ name: 'comparison sign', pattern: /==|!=|<>|<=|>=|=|<|>/ });
export const Plus = createToken({ name: '+', pattern: /\+/ });
export const Minus = createToken({ name: '-', pattern: /-/ });
export const Star = createToken({ name: '*', pattern: /\*/ });
export const Slash = createToken({ name: '/', pattern: /\// });
export const Percent = createToken({ name: '%', pattern: /%/ });
export const Open = createToken({ name: '(', pattern: /\(/ });
export const Close = createToken({ name: ')', pattern: /\)/ });
export const OpenSquare = createToken({ name: '[', pattern: /\[/ });
export const CloseSquare = createToken({ name: ']', pattern: /\]/ });
export const Comma = createToken({ name: ',', pattern: /,/ });
/** What WITH takes; nothing of it is used. */
export const Json = createToken({
  name: '{ … }',
  pattern: sticky(String.raw`\{(?:[^{}"]|"(?:[^"\\]|\\[\s\S])*")*\}`),
  line_breaks: true,
});

export const allTokens = [
  createToken({ name: 'blank', pattern: /\s+/, group: Lexer.SKIPPED, line_breaks: true }),
  createToken({ name: 'comment', pattern: /--[^\n]*/, group: Lexer.SKIPPED }),
  ...Object.values(words),
  GroupAnd,
  GroupOr,
  PostfixNot,
  Name,
  QuotedName,
  Numeral,
  DigitName,
  Text,
  DoubleAnd,
  DoubleOr,
  Sign,
  Plus,
  Minus,
  Star,
  Slash,
  Percent,
  Open,
  Close,
  OpenSquare,
  CloseSquare,
  Comma,
  Json,
];

export const filterLanguage: Language = {
  name: 'filter',
  lexer: new Lexer(allTokens, { ensureOptimizations: false }),
  maxLength: 100_000,
  maxNesting: 320,
};

const operandEnds: ReadonlySet<TokenType> = new Set([
  Name,
  QuotedName,
  Numeral,
  Text,
  Close,
  CloseSquare,
  words.true,
  words.false,
  words.null,
]);

/** Words that are operators behind an operand, and names where one is expected. */
const operators: ReadonlySet<TokenType> = new Set([
  words.like,
  words.contains,
  words.intersects,
  words.between,
]);
const binary: ReadonlySet<TokenType> = new Set([...operators, words.in, Sign]);

/**
 * Gives words that have several meanings the one that they have here: AND and OR open a group where a
 * condition is expected, and within a group at the start of a line or before a list; NOT belongs to the
 * operator behind it, or else to the condition behind it.
 */
export function settleWords(tokens: readonly IToken[]): void {
  const lists = listsOf(tokens);
  const isGroup: boolean[] = [];
  tokens.forEach((token, at) => {
    const before = tokens[at - 1];
    const after = tokens[at + 1];
    const isBehindOperand = before !== undefined && operandEnds.has(before.tokenType);
    if (operators.has(token.tokenType) && !isBehindOperand && before?.tokenType !== PostfixNot)
      retag(token, Name);
    else if (token.tokenType === words.filter && at > 0 && after?.tokenType === Sign) retag(token, Name);
    else if (
      token.tokenType === words.not &&
      isBehindOperand &&
      after !== undefined &&
      binary.has(after.tokenType)
    )
      retag(token, PostfixNot);
    else if (token.tokenType === words.and || token.tokenType === words.or) {
      const startsLine = before?.endLine !== token.startLine;
      const opens =
        after?.tokenType === Open &&
        (!isBehindOperand || (isGroup.at(-1) === true && (startsLine || lists.has(at + 1))));
      if (opens) retag(token, token.tokenType === words.and ? GroupAnd : GroupOr);
    } else if (token.tokenType === Open)
      isGroup.push(before?.tokenType === GroupAnd || before?.tokenType === GroupOr);
    else if (token.tokenType === Close) isGroup.pop();
  });
}

function retag(token: IToken, type: TokenType): void {
  token.tokenType = type;
  token.tokenTypeIdx = type.tokenTypeIdx ?? 0;
}

/** Where the brackets stand that hold commas. */
function listsOf(tokens: readonly IToken[]): ReadonlySet<number> {
  const lists = new Set<number>();
  const open: number[] = [];
  tokens.forEach(({ tokenType }, at) => {
    if (tokenType === Open) open.push(at);
    else if (tokenType === Close) open.pop();
    else if (tokenType === Comma) lists.add(open.at(-1) ?? -1);
  });
  return lists;
}
