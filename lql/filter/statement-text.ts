/**
 * The first statement of a text, at its own places: what stands before it (comments) is blanked, what stands
 * behind its semicolon is cut off.
 */
import { faultAt } from '../syntax.ts';
import type { Place } from '../syntax.ts';
import { isStorable } from '../values.ts';
import { filterLanguage } from './tokens.ts';

const leading = /^(?:\s+|--[^\n]*|\/\/[^\n]*|#[^\n]*|\/\*[\s\S]*?\*\/)+/;

export function statementOf(text: string): {
  readonly statement: string;
  readonly remarks: readonly string[];
} {
  // What PostgreSQL cannot hold can stand in no field either.
  if (!isStorable(text))
    throw faultAt(
      filterLanguage.name,
      placeOfUnstorable(text),
      'the text has a NUL character, or half of a character of two halves',
    );
  const before = leading.exec(text)?.[0] ?? '';
  const blanked = before.replace(/[^\n]/g, ' ') + text.slice(before.length);
  const end = endOf(blanked);
  if (end === undefined) return { statement: blanked, remarks: [] };
  const rest = blanked.slice(end + 1).replace(/--[^\n]*/g, '');
  const remarks = rest.trim() === '' ? [] : ['only the statement before the first ; is read'];
  return { statement: blanked.slice(0, end), remarks };
}

function placeOfUnstorable(text: string): Place {
  const characters = Array.from(text.slice(0, filterLanguage.maxLength));
  const at = characters.findIndex((character) => !isStorable(character));
  const before = characters.slice(0, Math.max(at, 0)).join('').split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

/** Where the first semicolon stands outside quotes and comments. */
function endOf(text: string): number | undefined {
  const pieces = /--[^\n]*|"(?:\\"|[^"])*"|'[^'\n]*'|`[^`\n]*`|;/g;
  for (const { 0: piece, index } of text.matchAll(pieces)) if (piece === ';') return index;
  return undefined;
}
