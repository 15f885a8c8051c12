/**
 * The rows of JSON: one object a line, or one array of objects. Each object is parsed by itself, so that a bad
 * one costs itself alone and none is held that is too long; for that the array is cut at its braces here,
 * which no streaming parser that builds values does.
 */
import type { Line } from './lines.ts';
import { longestRowBytes } from './reading.ts';
import type { RowItem } from './reading.ts';

/** One object a line; blank lines are none. */
export async function* readJsonLines(
  batches: AsyncIterable<readonly Line[]>,
): AsyncGenerator<readonly RowItem[]> {
  for await (const batch of batches) {
    const items = batch
      .filter(({ text }) => text?.trim() !== '')
      .map(({ line, text }) => (text === undefined ? tooLong(line) : rowOf(line, text)));
    if (items.length > 0) yield items;
  }
}

/** One array of objects. That it is closed at its end has been proven before. */
export async function* readJsonArray(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<readonly RowItem[]> {
  const cutter = openCutter();
  const decoder = new TextDecoder();
  for await (const chunk of bytes) {
    const items = cutter.take(decoder.decode(chunk, { stream: true }));
    if (items.length > 0) yield items;
  }
  const items = [...cutter.take(decoder.decode()), ...cutter.end()];
  if (items.length > 0) yield items;
}

const [quote, backslash, opening, closing, newline] = [0x22, 0x5c, 0x7b, 0x7d, 0x0a];
/** What may stand between objects: blanks, commas and the array's own brackets. */
const isBetween = (code: number): boolean =>
  code === 0x20 || (code >= 0x09 && code <= 0x0d) || code === 0x2c || code === 0x5b || code === 0x5d;

function openCutter() {
  let line = 1;
  let depth = 0;
  let isInString = false;
  let isEscaped = false;
  /** Of the object under way. */
  let held = '';
  let startLine = 0;
  let isTooLong = false;
  /** Something that is no object: told once, up to the next that may be one. */
  let isStray = false;

  const close = (text: string): RowItem => {
    const item = isTooLong ? tooLong(startLine) : rowOf(startLine, held + text);
    held = '';
    isTooLong = false;
    return item;
  };
  const take = (text: string): RowItem[] => {
    const items: RowItem[] = [];
    let start = 0;
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === newline) line += 1;
      if (depth === 0) {
        if (code === opening) {
          [depth, start, startLine, isStray] = [1, at, line, false];
        } else if (isBetween(code)) isStray = isStray && code !== 0x2c && code !== newline;
        else if (!isStray) {
          isStray = true;
          items.push({ line, reason: 'is no JSON object' });
        }
      } else if (isInString) {
        // A text has no line end in it: one that has was never closed, and ends with its line.
        if (code === newline) [isInString, isEscaped] = [false, false];
        else if (isEscaped) isEscaped = false;
        else if (code === backslash) isEscaped = true;
        else if (code === quote) isInString = false;
      } else if (code === quote) isInString = true;
      else if (code === opening) depth += 1;
      else if (code === closing) {
        depth -= 1;
        if (depth === 0) items.push(close(text.slice(start, at + 1)));
      }
    }
    if (depth > 0) {
      if (!isTooLong) held += text.slice(start);
      if (held.length > longestRowBytes) {
        held = '';
        isTooLong = true;
      }
    }
    return items;
  };
  const end = (): RowItem[] =>
    depth > 0 ? [{ line: startLine, reason: 'the JSON object is not closed' }] : [];
  return { take, end };
}

const tooLong = (line: number): RowItem => ({ line, reason: `is longer than ${longestRowBytes} bytes` });

function rowOf(line: number, text: string): RowItem {
  if (text.length > longestRowBytes) return tooLong(line);
  let value: unknown;
  try {
    value = parseExactly(text);
  } catch {
    return { line, reason: 'is no JSON' };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { line, reason: 'is no JSON object' };
  const fields = Object.entries(value).map(
    ([name, one]) => [name.trim().toLowerCase(), cellOf(one)] as const,
  );
  if (fields.some(([name, cell]) => name.includes('\0') || cell?.includes('\0') === true))
    return { line, reason: 'a value has a NUL byte' };
  return { line, columns: fields.map(([name]) => name), cells: fields.map(([, cell]) => cell) };
}

function cellOf(value: unknown): string | null {
  if (value === null) return null;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** JSON.parse, but a whole number too great for a double stays the text that was written: ids are such. */
function parseExactly(text: string): unknown {
  if (!/\d{16}/.test(text)) return JSON.parse(text);
  return JSON.parse(text, (_, value: unknown, context?: { readonly source?: string }) =>
    typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? '')
      ? context?.source
      : value,
  );
}
