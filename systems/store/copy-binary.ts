/**
 * What COPY's binary form is made of. It has no texts of times and numbers, which both sides would convert, and needs
 * no escapes.
 * Source: https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format".
 */

/** Signature, flags and an extension of no length; and what stands in the place of a row's number of columns. */
export const copyHead = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
export const copyEnd = Buffer.from([0xff, 0xff]);

/** Bytes of whole numbers. */
export const [int16, int32, int64] = [2, 4, 8];

/** What a row begins with: the number of its columns. @param columns their names, as COPY is given them */
export function rowStart(columns: string): Buffer {
  const start = Buffer.alloc(int16);
  start.writeInt16BE(columns.split(',').length);
  return start;
}

/** A value with its length before it. */
export function cell(value: Buffer): Buffer {
  const sized = Buffer.alloc(int32 + value.length);
  writeInt32(sized, value.length, 0);
  value.copy(sized, int32);
  return sized;
}

/** Bytes of an id. */
export const uuidBytes = 16;

/**
 * Ids as cells, each of which is made once.
 * @throws Error for what is no id: a cell would be left as its buffer was
 */
export function openIdCells(): (id: string) => Buffer {
  const known = new Map<string, Buffer>();
  const make = (id: string): Buffer => {
    const made = Buffer.alloc(int32 + uuidBytes);
    writeUuid(made, id, 0);
    known.set(id, made);
    return made;
  };
  return (id) => known.get(id) ?? make(id);
}

/** Writes an id as a cell. @returns where it ends @throws Error for what is no id */
export function writeUuid(into: Buffer, id: string, at: number): number {
  const hex = id.replaceAll('-', '');
  if (hex.length !== 2 * uuidBytes || into.write(hex, at + int32, 'hex') !== uuidBytes)
    throw new Error('This is no id.');
  writeInt32(into, uuidBytes, at);
  return at + int32 + uuidBytes;
}

/** Before the elements of an array: its dimensions, whether it has nulls, its type, its length, and its first index. */
export function arrayHead(length: number, type: number): Buffer {
  const numbers = [1, 0, type, length, 1];
  const head = Buffer.alloc(numbers.length * int32);
  for (const [index, number] of numbers.entries()) writeInt32(head, number, index * int32);
  return head;
}

const high = 2 ** 32;

export function writeInt32(into: Buffer, value: number, at: number): void {
  into[at] = value >>> 24;
  into[at + 1] = value >>> 16;
  into[at + 2] = value >>> 8;
  into[at + 3] = value;
}

/** @param value with a sign, up to 2^53 from `base`, which is a multiple of 2^32 */
export function writeInt64(into: Buffer, value: number, base: number, at: number): void {
  const above = Math.floor(value / high);
  writeInt32(into, base / high + above, at);
  writeInt32(into, value - above * high, at + int32);
}

const dayMs = 24 * 60 * 60_000;
/** From 1970 to 2000, from where PostgreSQL counts. */
const daysBefore = 10_957;

/** In microseconds, of which far years have more than 2^53: days and the time of day by themselves have not. */
export function writeTime(into: Buffer, atMs: number, at: number): void {
  const day = Math.floor(atMs / dayMs);
  // Exact, as a day's microseconds are a multiple of 2^13.
  const start = (day - daysBefore) * dayMs * 1_000;
  const base = Math.floor(start / high) * high;
  writeInt64(into, start - base + (atMs - day * dayMs) * 1_000, base, at);
}
