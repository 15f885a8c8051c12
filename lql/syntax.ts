/**
 * What the two languages (mapping and filter) share in reading text: places, faults, and bounds. Whatever the
 * text, reading it ends in a tree or in an INPUT_NOT_VALID error with line and column; never in a stack
 * overflow, since length and nesting are bounded before the recursive parser sees a token.
 */
import { EOF } from 'chevrotain';
import type {
  ILexingError,
  IParserErrorMessageProvider,
  IRecognitionException,
  IToken,
  Lexer,
  TokenType,
} from 'chevrotain';
import { notValid } from '../jobs/errors.ts';
import type { ExpectedError } from '../jobs/errors.ts';

export interface Place {
  readonly line: number;
  readonly column: number;
}

export interface Language {
  /** As messages call the text, such as "mapping". */
  readonly name: string;
  readonly lexer: Lexer;
  /** Characters; a longer text is refused unread. */
  readonly maxLength: number;
  /** Open brackets within brackets. */
  readonly maxNesting: number;
}

export const faultAt = (language: string, { line, column }: Place, fault: string): ExpectedError =>
  notValid(`${language}, line ${line}, column ${column}`, fault);

export const placeOf = (token: IToken): Place => ({
  line: token.startLine ?? 1,
  column: token.startColumn ?? 1,
});

/** Reads the text into tokens, within the language's bounds. */
export function tokensOf(language: Language, text: string): IToken[] {
  if (text.length > language.maxLength)
    throw notValid(language.name, `has ${text.length} characters; at most ${language.maxLength} are read`);
  const { tokens, errors } = language.lexer.tokenize(text);
  const [error] = errors;
  if (error !== undefined) throw lexFault(language, text, error);
  boundNesting(language, tokens);
  return tokens;
}

function lexFault(language: Language, text: string, error: ILexingError): ExpectedError {
  const place = { line: error.line ?? 1, column: error.column ?? 1 };
  const shown = text.slice(error.offset, error.offset + Math.min(error.length, 20));
  const isQuote = /^["'`[]/.test(shown);
  return faultAt(
    language.name,
    place,
    isQuote ? `${shown[0] ?? ''} is never closed` : `${JSON.stringify(shown)} is not understood here`,
  );
}

function boundNesting(language: Language, tokens: readonly IToken[]): void {
  let depth = 0;
  for (const token of tokens) {
    if (token.image === '(') depth++;
    else if (token.image === ')') depth--;
    if (depth > language.maxNesting)
      throw faultAt(
        language.name,
        placeOf(token),
        `more than ${language.maxNesting} brackets within one another`,
      );
  }
}

const found = (token: IToken | undefined): string =>
  token === undefined || token.tokenType === EOF ? 'the end of the text' : JSON.stringify(token.image);

/** The parser's words: what would be right, and what is there. */
export const parserWords: IParserErrorMessageProvider = {
  buildMismatchTokenMessage: ({ expected, actual }) => `${expected.name} is expected, not ${found(actual)}`,
  buildNotAllInputParsedMessage: ({ firstRedundant }) => `the end is expected, not ${found(firstRedundant)}`,
  buildNoViableAltMessage: ({ expectedPathsPerAlt, actual }) =>
    `${anyOf(expectedPathsPerAlt.flat())}, not ${found(actual[0])}`,
  buildEarlyExitMessage: ({ expectedIterationPaths, actual }) =>
    `${anyOf(expectedIterationPaths)}, not ${found(actual[0])}`,
};

function anyOf(paths: readonly (readonly TokenType[])[]): string {
  const names = [...new Set(paths.map(([first]) => first?.name ?? ''))];
  return names.length === 1 ? `${names[0] ?? ''} is expected` : `one of ${names.join(' ')} is expected`;
}

/** The parser's first complaint, with its place; at the end of the text that is behind the last token. */
export function parseFault(
  language: Language,
  tokens: readonly IToken[],
  error: IRecognitionException,
): ExpectedError {
  const last = tokens.at(-1);
  const end = { line: last?.endLine ?? 1, column: (last?.endColumn ?? 0) + 1 };
  const place = error.token.tokenType === EOF ? end : placeOf(error.token);
  return faultAt(language.name, place, error.message);
}
