/**
 * Rows of a chunk that wait for the store, as COPY reads them in its binary form, outside of the heap: as
 * objects, thousands of them would be moved by each collection of garbage, and take several times their length.
 */
import {
  cell,
  copyEnd,
  copyHead,
  int16,
  int32,
  int64,
  rowStart,
  writeInt32,
  writeInt64,
  writeTime,
} from './copy-binary.ts';

export interface EventRow {
  readonly line: number;
  /** 16 bytes, as the characters from 0 to 255: where each stands for itself, nothing has to be converted. */
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
  /** All rows, sorted by key, for COPY of `packColumns` in its binary form. They are good until it is emptied. */
  pieces(): Iterable<Buffer>;
  /** To be filled anew. It keeps its memory: what is taken of the system makes the collector go through all there is. */
  empty(): void;
}

export const packColumns = 'event_key, file_id, line, account_id, event, at, row';

const firstBytes = 1 << 18;
const firstRows = 1 << 10;
const pieceBytes = 64 * 1024;
const keyBytes = 16;
/** Of a character, in UTF-8. */
const mostBytes = 3;

export function openEventPack(file: {
  readonly fileId: number;
  readonly accountId: string;
  readonly eventType: string;
}): EventPack {
  const { start, at } = startOfRow(file);
  let content = Buffer.allocUnsafeSlow(firstBytes);
  /** The same in the order of the keys. */
  let inOrder = Buffer.alloc(0);
  /** Where each row ends. */
  let ends = new Uint32Array(firstRows);
  let lines = new Float64Array(firstRows);
  let times = new Float64Array(firstRows);
  let beginnings = new Float64Array(firstRows);
  let size = 0;
  let bytes = 0;

  const startOf = (place: number): number => (place === 0 ? 0 : (ends[place - 1] ?? 0));
  const keyOf = (place: number): number => startOf(place) + at.key;
  const byKey = (one: number, other: number): number =>
    content.compare(content, keyOf(other), keyOf(other) + keyBytes, keyOf(one), keyOf(one) + keyBytes);

  /** By what the keys begin with, which numbers sort by, with the rows' places behind them. */
  function sorted(): Iterable<number> {
    const places = Array.from({ length: size }, (_, place) => place);
    if (size > mostPlaces) return places.sort(byKey);
    const order = beginnings.slice(0, size).sort();
    // Of keys that begin alike, the rest decides.
    let isInOrder = true;
    let before = -1;
    for (let next = 0; next < size; next++) {
      const place = (order[next] ?? 0) % mostPlaces;
      const beginning = (order[next] ?? 0) - place;
      isInOrder &&= beginning !== before;
      before = beginning;
      places[next] = place;
    }
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
      const most = bytes + start.length + row.length * mostBytes;
      if (most > content.length) {
        const larger = Buffer.allocUnsafeSlow(Math.max(most, content.length * 2));
        content.copy(larger, 0, 0, bytes);
        content = larger;
      }
      if (size === ends.length) {
        ends = grown(ends, new Uint32Array(size * 2));
        lines = grown(lines, new Float64Array(size * 2));
        times = grown(times, new Float64Array(size * 2));
        beginnings = grown(beginnings, new Float64Array(size * 2));
      }
      content.set(start, bytes);
      content.write(key, bytes + at.key, 'latin1');
      writeInt64(content, line, 0, bytes + at.line);
      writeTime(content, atMs, bytes + at.time);
      const length = content.write(row, bytes + start.length);
      writeInt32(content, length, bytes + start.length - int32);
      bytes += start.length + length;
      ends[size] = bytes;
      lines[size] = line;
      times[size] = atMs;
      beginnings[size] = beginningOf(key) * mostPlaces + size;
      size += 1;
    },
    lineOf: (place) => lines[place] ?? 0,
    read: (place) => ({
      line: lines[place] ?? 0,
      key: content.toString('latin1', keyOf(place), keyOf(place) + keyBytes),
      atMs: times[place] ?? 0,
      row: content.toString('utf8', startOf(place) + start.length, ends[place] ?? 0),
    }),
    pieces: function* () {
      if (inOrder.length < bytes) inOrder = Buffer.allocUnsafeSlow(content.length);
      let [from, to] = [0, 0];
      yield copyHead;
      for (const place of sorted()) {
        to += content.copy(inOrder, to, startOf(place), ends[place] ?? 0);
        if (to - from < pieceBytes) continue;
        yield inOrder.subarray(from, to);
        from = to;
      }
      if (from < to) yield inOrder.subarray(from, to);
      yield copyEnd;
    },
    empty: () => {
      size = 0;
      bytes = 0;
    },
  };
}

/** Of 53 bits, those that are left for the rows' places. */
const beginningBits = 36;
const mostPlaces = 2 ** (53 - beginningBits);

const beginningOf = (key: string): number =>
  ((key.charCodeAt(0) << 16) | (key.charCodeAt(1) << 8) | key.charCodeAt(2)) * 2 ** 12 +
  ((key.charCodeAt(3) << 4) | (key.charCodeAt(4) >> 4));

/**
 * What each row begins with, up to the text of its values and with its length: rows of a file differ only in
 * key, line, time and that length, which stand where `at` says.
 */
function startOfRow({
  fileId,
  accountId,
  eventType,
}: {
  readonly fileId: number;
  readonly accountId: string;
  readonly eventType: string;
}): {
  readonly start: Buffer;
  readonly at: { readonly key: number; readonly line: number; readonly time: number };
} {
  const file = Buffer.alloc(int64);
  writeInt64(file, fileId, 0, 0);
  const cells = {
    key: cell(Buffer.alloc(keyBytes)),
    fileId: cell(file),
    line: cell(Buffer.alloc(int64)),
    accountId: cell(Buffer.from(accountId)),
    event: cell(Buffer.from(eventType.toLowerCase())),
    time: cell(Buffer.alloc(int64)),
  };
  const start = Buffer.concat([rowStart(packColumns), ...Object.values(cells), Buffer.alloc(int32)]);
  const key = int16 + int32;
  const line = key + cells.key.length + cells.fileId.length;
  const time = line + cells.line.length + cells.accountId.length + cells.event.length;
  return { start, at: { key, line, time } };
}

function grown<Numbers extends Uint32Array | Float64Array>(before: Numbers, larger: Numbers): Numbers {
  larger.set(before);
  return larger;
}
