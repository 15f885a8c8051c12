/**
 * The rows of a file into the stream and into profiles. Each step is a transaction that moves a watermark:
 * after any crash the next attempt reads on behind the first, and folds what lies between the two from the
 * stream. While the store writes one chunk, the next is read.
 */
import { ExpectedError } from '../../jobs/errors.ts';
import { openEventPack } from '../../systems/store/event-pack.ts';
import type { EventPack } from '../../systems/store/event-pack.ts';
import type { ColumnsFrom, SetAsideRow } from '../../systems/store/events.ts';
import { openEventWriter } from './event-writer.ts';
import type { ReadChunk, RowReader, Writing } from './event-writer.ts';
import { openKeyer } from './event-key.ts';
import type { Occurrences } from './occurrences.ts';

/** What stands in a file, in its order. Numbers grow; a header is no record. */
export type FileRecord =
  | { readonly columns: readonly string[] }
  | { readonly line: number; readonly values: readonly string[] }
  /** It cannot be read. The fault quotes nothing of it. */
  | { readonly line: number; readonly fault: string };

export interface Importing<Aggregates> extends Writing<Aggregates> {
  /** A time as this file writes it, in milliseconds since 1970. */
  readonly readTime: (text: string) => number | undefined;
  /** Of the keys of this file's rows; none is counted yet. */
  readonly occurrences: Occurrences;
}

const timeColumn = 'event_captured_dt';
const noTime = 'EVENT_CAPTURED_DT is no time such as 31-Jan-2026 18:30:00';

/**
 * Imports all records that are behind the attempt's watermark.
 * @param open gives every record of the file from the first on, since equal rows are counted; undefined where
 *   there is nothing to be read. Called once, when what an attempt before left unfinished is in profiles
 * @throws ExpectedError FILE_HEADER when a header lacks the event's time, NOT_NOW when the attempt is stale
 */
export async function importRows<Aggregates>(
  importing: Importing<Aggregates>,
  open: () => Promise<AsyncIterable<readonly FileRecord[]> | undefined>,
): Promise<void> {
  const { attempt, bounds, mapping, readTime, occurrences } = importing;
  const writer = openEventWriter(importing);
  await writer.foldWhatIsLeft();
  const records = await open();
  if (records === undefined) return;
  const keyer = openKeyer(attempt.accountId, attempt.eventType, occurrences);
  let reader: RowReader | undefined;
  let columns: readonly string[] = [];
  let timeAt = -1;
  let lastLine = 0;
  // While one is written, the other is filled.
  const packs = [openEventPack(attempt), openEventPack(attempt)] as const;
  let chunk = emptyChunk(packs[0], attempt.readTo, columns);

  const takeHeader = (header: readonly string[]): void => {
    columns = header;
    timeAt = columns.findIndex((name) => name.toLowerCase() === timeColumn);
    if (timeAt < 0) throw lacksTime();
    keyer.columns(columns);
    reader = mapping.reader(columns);
    if (lastLine >= attempt.readTo) chunk.columns.push({ fromLine: lastLine + 1, columns });
    else chunk.header = columns;
  };
  const takeRow = (line: number, values: readonly string[]): void => {
    if (reader === undefined) throw lacksTime();
    const atMs = readTime(values[timeAt] ?? '');
    // Rows before the watermark are counted only: an equal one behind it is the next of them.
    const key = atMs === undefined ? undefined : keyer.keyOf(values, atMs);
    if (line <= attempt.readTo) return;
    if (atMs === undefined || key === undefined) chunk.setAside.push({ line, reason: noTime });
    else {
      chunk.rows.add({ line, key, atMs, row: JSON.stringify(values) });
      chunk.noted.push(writer.note(reader(values, atMs)));
    }
  };

  for await (const batch of records) {
    for (const record of batch) {
      if ('columns' in record) {
        takeHeader(record.columns);
        continue;
      }
      if ('values' in record) takeRow(record.line, record.values);
      else if (record.line > attempt.readTo) chunk.setAside.push({ line: record.line, reason: record.fault });
      lastLine = record.line;
      chunk.to = Math.max(chunk.to, lastLine);
      if (chunk.to - chunk.from < bounds.chunkRows && chunk.rows.bytes < bounds.chunkBytes) continue;
      await writer.write(chunk);
      chunk = emptyChunk(chunk.rows === packs[0] ? packs[1] : packs[0], chunk.to, columns);
    }
  }
  if (chunk.to > chunk.from) await writer.write(chunk);
  await writer.finish();
}

const lacksTime = (): ExpectedError =>
  new ExpectedError(
    'FILE_HEADER',
    'The header lacks EVENT_CAPTURED_DT, by which an event has its time; are the export’s columns and the delimiter right?',
  );

interface FillingChunk extends ReadChunk {
  to: number;
  header: readonly string[];
  readonly noted: number[];
  readonly setAside: SetAsideRow[];
  readonly columns: ColumnsFrom[];
}

function emptyChunk(rows: EventPack, from: number, header: readonly string[]): FillingChunk {
  rows.empty();
  return { from, to: from, header, rows, noted: [], setAside: [], columns: [] };
}
