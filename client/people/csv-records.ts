/**
 * The records of a CSV file. A quote that nobody closes costs its own line and no other: the lines after it
 * are read again, each by itself.
 */
import { parse } from 'csv-parse/sync';
import type { FileLine } from './lines.ts';
import { longestLine } from './lines.ts';

export type CsvRecord =
  /** A record may begin on one line and end on another: this is the first. */
  | { readonly line: number; readonly cells: readonly string[] }
  | { readonly line: number; readonly reason: string };

export interface CsvShape {
  readonly delimiter: string;
  /** How many cells a record has; undefined for the header, which tells. */
  readonly cells: number | undefined;
}

/** What can be told of the lines so far, and how many of them it took. */
interface Step {
  readonly record: CsvRecord | undefined;
  readonly taken: number;
}

/** @returns the records, in the order of the file; blank lines are none */
export async function* readCsvRecords(
  batches: AsyncIterable<readonly FileLine[]>,
  shape: (records: number) => CsvShape,
): AsyncGenerator<CsvRecord> {
  let waiting: FileLine[] = [];
  let records = 0;
  const drain = function* (isEnd: boolean): Generator<CsvRecord> {
    let at = 0;
    for (;;) {
      const step = nextRecord(waiting, at, shape(records), isEnd);
      if (step === undefined) break;
      at += step.taken;
      if (step.record === undefined) continue;
      records += 1;
      yield step.record;
    }
    waiting = waiting.slice(at);
  };
  for await (const batch of batches) {
    waiting = waiting.concat(batch);
    yield* drain(false);
  }
  yield* drain(true);
}

/** @returns undefined where more lines are needed, or none is left */
function nextRecord(
  lines: readonly FileLine[],
  at: number,
  shape: CsvShape,
  isEnd: boolean,
): Step | undefined {
  const first = lines[at];
  if (first === undefined) return undefined;
  const { line, text } = first;
  if (text === undefined) return { record: { line, reason: 'the line is longer than 1 MB' }, taken: 1 };
  if (text.trim() === '') return { record: undefined, taken: 1 };
  if (!text.includes('"')) return { record: judge(line, text.split(shape.delimiter), shape), taken: 1 };
  // Counted line by line: counting the whole again with each line would cost the square of its length.
  const texts = [text];
  let length = text.length;
  let isEven = hasEvenQuotes(text);
  for (let taken = 1; ; taken++) {
    if (isEven) {
      const judged = readQuoted(line, texts.join('\n'), shape);
      // Of a record of several lines that cannot be read, the first line is at fault until shown otherwise.
      return { record: judged, taken: 'reason' in judged ? 1 : taken };
    }
    const next = lines[at + taken];
    if (next === undefined && !isEnd) return undefined;
    length += 1 + (next?.text?.length ?? 0);
    if (next?.text === undefined || length > longestLine)
      return { record: { line, reason: 'a quote is opened and never closed' }, taken: 1 };
    texts.push(next.text);
    if (!hasEvenQuotes(next.text)) isEven = !isEven;
  }
}

function readQuoted(line: number, text: string, shape: CsvShape): CsvRecord {
  let read: string[][];
  try {
    read = parse(text, { delimiter: shape.delimiter, relax_column_count: true, record_delimiter: '\n' });
  } catch {
    return { line, reason: 'a quote stands where none can be' };
  }
  return judge(line, read[0] ?? [], shape);
}

function judge(line: number, cells: readonly string[], shape: CsvShape): CsvRecord {
  if (shape.cells === undefined || cells.length === shape.cells) return { line, cells };
  return { line, reason: `the line has ${cells.length} cells, the header ${shape.cells}` };
}

function hasEvenQuotes(text: string): boolean {
  let isEven = true;
  for (let at = text.indexOf('"'); at !== -1; at = text.indexOf('"', at + 1)) isEven = !isEven;
  return isEven;
}
