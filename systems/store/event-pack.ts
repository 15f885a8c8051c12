/**
 * Rows of a chunk that wait for the store, as the lines that COPY reads, outside of the heap: as objects,
 * thousands of them would be moved by each collection of garbage, and take several times their length.
 */
import { copyCell } from './copy.ts';

export interface EventRow {
  readonly line: number;
  /** 32 hex digits. */
  readonly key: string;
  readonly atMs: number;
  /** Its values in the order of its file's columns, as JSON. */
  readonly row: string;
}

export interface EventPack {
  readonly size: number;
  readonly bytes: number;
  add(row: EventRow): void;
  /** The line of a row. @param place of the row, from 0 */
  lineOf(place: number): number;
  read(place: number): EventRow;
  /** All rows, sorted by key, for COPY into `packColumns`. */
  pieces(): Iterable<Buffer>;
}

export const packColumns = 'event_key, file_id, line, account_id, event, at, row';

const firstBytes = 1 << 18;
const firstRows = 1 << 10;
const pieceBytes = 64 * 1024;
const keyDigits = 32;

export function openEventPack(file: {
  readonly fileId: number;
  readonly accountId: string;
  readonly eventType: string;
}): EventPack {
  const timeText = openTimeTexts();
  const middle = `\t${file.fileId}\t`;
  const kind = `\t${copyCell(file.accountId)}\t${copyCell(file.eventType.toLowerCase())}\t`;
  let content = Buffer.allocUnsafeSlow(firstBytes);
  /** Where each row's line ends. */
  let ends = new Uint32Array(firstRows);
  let lines = new Float64Array(firstRows);
  let starts = new Float64Array(firstRows);
  let size = 0;
  let bytes = 0;

  const startOf = (place: number): number => (place === 0 ? 0 : (ends[place - 1] ?? 0));
  const byKey = (one: number, other: number): number =>
    content.compare(
      content,
      startOf(other),
      startOf(other) + keyDigits,
      startOf(one),
      startOf(one) + keyDigits,
    );

  /** By the first digits of the keys, which numbers sort by, with the rows' places behind them. */
  function sorted(): Iterable<number> {
    const places = Array.from({ length: size }, (_, place) => place);
    if (size > mostPlaces) return places.sort(byKey);
    const order = starts.slice(0, size).sort();
    for (let at = 0; at < size; at++) places[at] = (order[at] ?? 0) % mostPlaces;
    // Of keys that begin alike, the rest decides.
    const isInOrder = places.every((place, at) => at === 0 || byKey(places[at - 1] ?? 0, place) <= 0);
    return isInOrder ? places : places.sort(byKey);
  }

  return {
    get size() {
      return size;
    },
    get bytes() {
      return bytes;
    },
    add: ({ line, key, atMs, row }) => {
      const text = `${key}${middle}${line}${kind}${timeText(atMs)}\t${copyCell(row)}\n`;
      const most = bytes + text.length * 3;
      if (most > content.length) {
        const larger = Buffer.allocUnsafeSlow(Math.max(most, content.length * 2));
        content.copy(larger, 0, 0, bytes);
        content = larger;
      }
      if (size === ends.length) {
        ends = grown(ends, new Uint32Array(size * 2));
        lines = grown(lines, new Float64Array(size * 2));
        starts = grown(starts, new Float64Array(size * 2));
      }
      bytes += content.write(text, bytes);
      ends[size] = bytes;
      lines[size] = line;
      starts[size] = Number.parseInt(key.slice(0, sortedDigits), 16) * mostPlaces + size;
      size += 1;
    },
    lineOf: (place) => lines[place] ?? 0,
    read: (place) => {
      const [key = '', , line, , , at = '', row = ''] = content
        .toString('utf8', startOf(place), (ends[place] ?? 0) - 1)
        .split('\t');
      return { line: Number(line), key, atMs: Date.parse(at), row: row.replace(/\\(.)/g, '$1') };
    },
    pieces: function* () {
      let piece = Buffer.allocUnsafe(pieceBytes);
      let filled = 0;
      for (const place of sorted()) {
        const [start, end] = [startOf(place), ends[place] ?? 0];
        if (filled + end - start > piece.length) {
          if (filled > 0) yield piece.subarray(0, filled);
          piece = Buffer.allocUnsafe(Math.max(pieceBytes, end - start));
          filled = 0;
        }
        filled += content.copy(piece, filled, start, end);
      }
      if (filled > 0) yield piece.subarray(0, filled);
    },
  };
}

/** Of 53 bits, those that are left for the rows' places. */
const sortedDigits = 9;
const mostPlaces = 2 ** (53 - sortedDigits * 4);

function grown<Numbers extends Uint32Array | Float64Array>(before: Numbers, larger: Numbers): Numbers {
  larger.set(before);
  return larger;
}

const dayMs = 24 * 60 * 60_000;
const mostDays = 1_000;
const twoDigits = Array.from({ length: 60 }, (_, value) => String(value).padStart(2, '0'));

/** Times as ISO has them. The days of a file are few, and each takes longer to be written than an hour of it. */
function openTimeTexts(): (atMs: number) => string {
  const days = new Map<number, string>();
  return (atMs) => {
    const day = Math.floor(atMs / dayMs);
    let text = days.get(day);
    if (text === undefined) {
      if (days.size === mostDays) days.clear();
      days.set(day, (text = new Date(day * dayMs).toISOString().slice(0, -'00:00:00.000Z'.length)));
    }
    const inDay = atMs - day * dayMs;
    const seconds = Math.floor(inDay / 1_000);
    const hour = twoDigits[Math.floor(seconds / 3_600)] ?? '';
    const minute = twoDigits[Math.floor(seconds / 60) % 60] ?? '';
    const ms = inDay % 1_000;
    const fraction = ms === 0 ? '' : `.${String(ms).padStart(3, '0')}`;
    return `${text}${hour}:${minute}:${twoDigits[seconds % 60] ?? ''}${fraction}Z`;
  };
}
