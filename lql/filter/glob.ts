/**
 * Patterns of LIKE, for PostgreSQL: * and % are any run of characters, ? is one, [a-z] and [^a-z] are classes,
 * a backslash takes the character behind it as it is.
 */
import { faultAt } from '../syntax.ts';
import type { Place } from '../syntax.ts';
import { filterLanguage } from './tokens.ts';

/** Wildcards in one pattern: PostgreSQL tries them within one another. */
const MOST_WILDCARDS = 200;

export interface Pattern {
  readonly operator: 'like' | '~';
  readonly pattern: string;
  /** The longest run of characters that stand for themselves: every text that fits has it. */
  readonly part: string;
}

type Piece = { readonly character: string } | { readonly range: string } | 'run' | 'one';

/** @returns undefined for a pattern that nothing fits, such as a class that is never closed */
export function patternOf(glob: string, place: Place): Pattern | undefined {
  const pieces: Piece[] = [];
  const characters = Array.from(glob);
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] ?? '';
    if (character === '*' || character === '%') {
      if (pieces.at(-1) !== 'run') pieces.push('run');
    } else if (character === '?') pieces.push('one');
    else if (character === '\\') {
      const escaped = characters[++at] ?? '\\';
      // The engine makes stars of percents first, and so a star of an escaped one.
      pieces.push({ character: escaped === '%' ? '*' : escaped });
    } else if (character === '[') {
      const end = characters.indexOf(']', at + 1);
      const range = end === -1 ? undefined : rangeOf(characters.slice(at + 1, end));
      if (range === undefined) return undefined;
      pieces.push({ range });
      at = end;
    } else pieces.push({ character });
  }
  const wildcards = pieces.filter((piece) => typeof piece === 'string' || 'range' in piece).length;
  if (wildcards > MOST_WILDCARDS)
    throw faultAt(filterLanguage.name, place, `a pattern has at most ${MOST_WILDCARDS} wildcards`);
  const part = longestPart(pieces);
  return pieces.some((piece) => typeof piece !== 'string' && 'range' in piece)
    ? { operator: '~', pattern: `^${pieces.map(asRegularExpression).join('')}$`, part }
    : { operator: 'like', pattern: pieces.map(asLike).join(''), part };
}

function longestPart(pieces: readonly Piece[]): string {
  let [longest, run] = ['', ''];
  for (const piece of pieces) {
    run = typeof piece !== 'string' && 'character' in piece ? run + piece.character : '';
    if (run.length > longest.length) longest = run;
  }
  return longest;
}

function rangeOf(characters: readonly string[]): string | undefined {
  const isNegated = characters[0] === '^';
  const within = isNegated ? characters.slice(1) : characters;
  if (within.length === 0) return undefined;
  let range = '';
  for (let at = 0; at < within.length; at++) {
    const from = within[at] ?? '';
    const to = within[at + 1] === '-' ? within[at + 2] : undefined;
    if (to === undefined) range += plain(from);
    else {
      if ((from.codePointAt(0) ?? 0) > (to.codePointAt(0) ?? 0)) return undefined;
      range += `${plain(from)}-${plain(to)}`;
      at += 2;
    }
  }
  return `[${isNegated ? '^' : ''}${range}]`;
}

/** A character that stands for itself in a regular expression, in a class too. */
const plain = (character: string): string =>
  /[\p{L}\p{N}\s]/u.test(character) || (character.codePointAt(0) ?? 0) > 0x7f ? character : `\\${character}`;

function asRegularExpression(piece: Piece): string {
  if (piece === 'run') return '.*';
  if (piece === 'one') return '.';
  return 'range' in piece ? piece.range : plain(piece.character);
}

function asLike(piece: Piece): string {
  if (piece === 'run') return '%';
  if (piece === 'one' || 'range' in piece) return '_';
  return /[%_\\]/.test(piece.character) ? `\\${piece.character}` : piece.character;
}

/** A pattern that stands in a field: without classes, and without backslashes that take a character as it is. */
export const likeOfText = (sql: string): string =>
  `(case when length(${sql}) <= 1000 then replace(replace(replace(replace(${sql}, '\\', '\\\\'), '_', '\\_'), '*', '%'), '?', '_') end)`;
