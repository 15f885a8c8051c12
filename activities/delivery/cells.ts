/**
 * How a user field's value is written into a cell of Responsys. Cells are strings. A value that does not
 * fit is never cut: it is left out and told.
 */
import { maxCharacters } from '../../jobs/limits.ts';
import type { Kind } from '../../jobs/user-fields.ts';
import type { FieldValue } from '../../systems/store/profiles.ts';

export type Cell =
  | { readonly text: string }
  /** Left out of the row. */
  | { readonly fault: 'too-long' | 'not-a-number' | 'not-a-date' };

/** @param columnType as the table has it, such as STR500 or TIMESTAMP */
export function cellOf(value: FieldValue, kind: Kind, columnType: string): Cell {
  const type = columnType.toUpperCase();
  const text = textOf(value, kind);
  if (text === undefined) return { fault: 'not-a-date' };
  if ((type === 'INTEGER' || type === 'NUMBER') && !isNumber(text, type)) return { fault: 'not-a-number' };
  if (type === 'TIMESTAMP' && Number.isNaN(Date.parse(text))) return { fault: 'not-a-date' };
  const most = mostCharacters(type);
  return most !== undefined && text.length > most ? { fault: 'too-long' } : { text };
}

function textOf(value: FieldValue, kind: Kind): string | undefined {
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (typeof value === 'object') return JSON.stringify(value);
  if (kind === 'date') {
    const time = new Date(value);
    return Number.isNaN(time.getTime()) ? undefined : time.toISOString();
  }
  if (kind === 'bool') return /^(true|1|t)$/i.test(String(value)) ? '1' : '0';
  return String(value);
}

const isNumber = (text: string, type: 'INTEGER' | 'NUMBER'): boolean =>
  type === 'INTEGER' ? /^-?\d+$/.test(text) : text.trim() !== '' && Number.isFinite(Number(text));

function mostCharacters(type: string): number | undefined {
  if (type in maxCharacters) return maxCharacters[type as keyof typeof maxCharacters];
  const found = /^STR(\d+)$/.exec(type);
  return found === null ? undefined : Number(found[1]);
}
