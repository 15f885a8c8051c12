/**
 * The rows of delimited text. Quotes are optional; a row that cannot be read costs its own line and no other.
 * Lines without quotes are cut, those with quotes parsed, as many at once as can be.
 */
import { parse } from 'csv-parse/sync';
import { headerOf } from './header.ts';
import type { Line } from './lines.ts';
import { longestRowBytes, maxLinesOfRow } from './reading.ts';
import type { BadRow, Reading, RowItem } from './reading.ts';

/** @throws ExpectedError FILE_HEADER */
export async function* readDelimited(
  batches: AsyncIterable<readonly Line[]>,
  reading: Reading,
): AsyncGenerator<readonly RowItem[]> {
  const { delimiter } = reading;
  let columns: readonly string[] | undefined;
  let waiting: readonly Line[] = [];
  const take = (lines: readonly Line[], isEnd: boolean): RowItem[] => {
    waiting = lines;
    const next = (): (RawRow | BadRow)[] => {
      const { records, taken } = cut(waiting, delimiter, columns?.length, isEnd);
      waiting = waiting.slice(taken);
      return records;
    };
    let known = columns;
    if (known === undefined) {
      const [header] = next();
      if (header === undefined) return [];
      known = columns = headerOf(header, reading);
    }
    const own = known;
    return next().map((record) => ('reason' in record ? record : judge(record, own)));
  };
  for await (const batch of batches) {
    const items = take(waiting.length === 0 ? batch : [...waiting, ...batch], false);
    if (items.length > 0) yield items;
  }
  const items = take(waiting, true);
  if (items.length > 0) yield items;
}

export interface RawRow {
  readonly line: number;
  readonly cells: readonly string[];
  readonly hasNul: boolean;
}

function judge({ line, cells, hasNul }: RawRow, columns: readonly string[]): RowItem {
  if (cells.length !== columns.length)
    return { line, reason: `the line has ${cells.length} cells, the header ${columns.length}` };
  return hasNul ? { line, reason: 'a cell has a NUL byte' } : { line, columns, cells };
}

/**
 * @param width of the header: what a quoted text over several lines has to come out at. Where it is not known,
 *   the first record alone is cut: it is the header
 */
function cut(
  lines: readonly Line[],
  delimiter: string,
  width: number | undefined,
  isEnd: boolean,
): { readonly records: (RawRow | BadRow)[]; readonly taken: number } {
  const records: (RawRow | BadRow)[] = [];
  let quoted: RawLine[] = [];
  const flush = (): void => {
    if (quoted.length > 0) records.push(...parseLines(quoted, delimiter));
    quoted = [];
  };
  const beginsQuote = `${delimiter}"`;
  let at = 0;
  const isHeader = (): boolean => width === undefined && records.length + quoted.length > 0;
  for (let next = lines[at]; next !== undefined && !isHeader(); next = lines[at]) {
    const { line, text } = next;
    if (text?.includes('"') === true && (text.startsWith('"') || text.includes(beginsQuote))) {
      if (hasEvenQuotes(text)) quoted.push({ line, text });
      else {
        const joined = join(lines, at, delimiter, width, isEnd);
        if (joined === undefined) break;
        flush();
        records.push(joined.record);
        at += joined.taken - 1;
      }
    } else if (text === undefined) {
      flush();
      records.push({ line, reason: tooLong });
    } else if (text.trim() !== '') {
      flush();
      // A quote in the midst of a cell is a character like any other.
      records.push({ line, cells: text.split(delimiter), hasNul: text.includes('\0') });
    }
    at += 1;
  }
  flush();
  return { records, taken: at };
}

interface RawLine {
  readonly line: number;
  readonly text: string;
}

const tooLong = `the line is longer than ${longestRowBytes} bytes`;
const parseText = (text: string, delimiter: string): string[][] =>
  parse(text, { delimiter, record_delimiter: '\n', relax_column_count: true });

/** Lines that each are a record of their own. */
function parseLines(lines: readonly RawLine[], delimiter: string): (RawRow | BadRow)[] {
  try {
    const parsed = parseText(lines.map(({ text }) => text).join('\n'), delimiter);
    if (parsed.length === lines.length)
      return lines.map(({ line, text }, at) => ({
        line,
        cells: parsed[at] ?? [],
        hasNul: text.includes('\0'),
      }));
  } catch {
    // One of them cannot be read: which, is found one by one.
  }
  const [only] = lines;
  if (lines.length === 1 && only !== undefined)
    return [{ line: only.line, reason: 'a quote stands where none can be' }];
  // By halves: a stray quote among a thousand good lines costs ten attempts, not a thousand.
  const middle = lines.length >> 1;
  return [...parseLines(lines.slice(0, middle), delimiter), ...parseLines(lines.slice(middle), delimiter)];
}

/**
 * A quoted text that runs over several lines, or else a line whose quote nobody closes.
 * @returns undefined where more lines are needed
 */
function join(
  lines: readonly Line[],
  at: number,
  delimiter: string,
  width: number | undefined,
  isEnd: boolean,
): { readonly record: RawRow | BadRow; readonly taken: number } | undefined {
  const line = lines[at]?.line ?? 0;
  const unclosed = { record: { line, reason: 'a quote is opened and never closed' }, taken: 1 };
  const texts: string[] = [];
  let length = 0;
  let isOpen = false;
  for (let taken = 1; taken <= maxLinesOfRow; taken++) {
    const next = lines[at + taken - 1];
    if (next === undefined) return isEnd ? unclosed : undefined;
    if (next.text === undefined) return unclosed;
    texts.push(next.text);
    length += next.text.length;
    if (length > longestRowBytes) return unclosed;
    if (!hasEvenQuotes(next.text)) isOpen = !isOpen;
    if (isOpen) continue;
    const [record] = parseLines([{ line, text: texts.join('\n') }], delimiter);
    // Two lines with a stray quote each are no text over all the lines between them.
    const fits =
      record !== undefined && 'cells' in record && record.cells.length === (width ?? record.cells.length);
    return fits ? { record, taken } : unclosed;
  }
  return unclosed;
}

function hasEvenQuotes(text: string): boolean {
  let isEven = true;
  for (let at = text.indexOf('"'); at !== -1; at = text.indexOf('"', at + 1)) isEven = !isEven;
  return isEven;
}
