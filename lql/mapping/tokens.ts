/** The words of LQL. Keywords are read in any letter case; a name that is one is written in backquotes. */
import { createToken, Lexer } from 'chevrotain';
import type { TokenType } from 'chevrotain';
import type { Language } from '../syntax.ts';

export const Identifier = createToken({ name: 'name', pattern: /[A-Za-z_][A-Za-z0-9_.]*/ });

const keyword = (word: string): TokenType =>
  createToken({
    name: word.toUpperCase(),
    pattern: new RegExp(word, 'i'),
    longer_alt: Identifier,
  });

const skipped = (name: string, pattern: RegExp): TokenType =>
  createToken({ name, pattern, group: Lexer.SKIPPED, line_breaks: true });

export const words = {
  select: keyword('select'),
  as: keyword('as'),
  if: keyword('if'),
  shortDescription: keyword('shortdesc'),
  longDescription: keyword('longdesc'),
  kind: keyword('kind'),
  mergeOperator: keyword('mergeop'),
  capacity: keyword('capacity'),
  from: keyword('from'),
  into: keyword('into'),
  by: keyword('by'),
  where: keyword('where'),
  alias: keyword('alias'),
  and: keyword('and'),
  or: keyword('or'),
  not: keyword('not'),
  in: keyword('in'),
  exists: keyword('exists'),
  true: keyword('true'),
  false: keyword('false'),
  null: keyword('null'),
} as const;

/** A kind that is no plain name, such as map[string]intsum. */
export const KindText = createToken({
  name: 'kind of map or list',
  pattern: /(?:map\[string\]|(?:ts)?\[\])[A-Za-z]+/i,
});
export const QuotedName = createToken({ name: '`name`', pattern: /`[^`\n]+`/ });
export const Text = createToken({
  name: 'text',
  pattern: /"(?:[^"\\]|\\[\s\S]|"")*"|'(?:[^'\\]|\\[\s\S]|'')*'/,
  line_breaks: true,
});
export const Numeral = createToken({ name: 'number', pattern: /-?\d+(?:\.\d+)?(?:e[+-]?\d+)?/i });
export const ComparisonSign = createToken({ name: 'comparison sign', pattern: /==|!=|<>|<=|>=|=|<|>/ });
export const Open = createToken({ name: '(', pattern: /\(/ });
export const Close = createToken({ name: ')', pattern: /\)/ });
export const Comma = createToken({ name: ',', pattern: /,/ });
export const Semicolon = createToken({ name: ';', pattern: /;/ });

export const allTokens = [
  skipped('blank', /\s+/),
  skipped('comment', /--[^\n]*|\/\/[^\n]*|\/\*[\s\S]*?\*\//),
  KindText,
  ...Object.values(words),
  Identifier,
  QuotedName,
  Text,
  Numeral,
  ComparisonSign,
  Open,
  Close,
  Comma,
  Semicolon,
];

export const mappingLanguage: Language = {
  name: 'mapping',
  lexer: new Lexer(allTokens, { ensureOptimizations: false }),
  maxLength: 1_000_000,
  maxNesting: 100,
};
