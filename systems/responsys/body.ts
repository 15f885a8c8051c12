/**
 * Bodies of requests: JSON in ASCII, since Oracle's guide warns of characters beyond it, and never so large
 * that the gateway drops the connection.
 */
import { maxRequestBytes, maxRowsPerRequest } from '../../jobs/limits.ts';

/** JSON with every character beyond ASCII as \uXXXX. Source: Oracle's REST guide, on optionalData. */
export function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u0080-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Room for what surrounds the rows. */
const roomForTheRestBytes = 64 * 1024;

/** What a row can take at most: each character as \uXXXX, and the quotes and commas. */
const mostBytes = (row: readonly string[]): number => row.reduce((sum, cell) => sum + 6 * cell.length + 3, 3);

/** Splits rows into runs of at most 200 and under the limit of bytes; the order is kept. */
export const splitRows = (
  rows: readonly (readonly string[])[],
): readonly (readonly (readonly string[])[])[] => splitItems(rows, mostBytes);

/** @param mostBytesOf what an item can take at most; cheaper than to write it */
export function splitItems<Item>(
  items: readonly Item[],
  mostBytesOf: (item: Item) => number,
): readonly (readonly Item[])[] {
  const limit = maxRequestBytes - roomForTheRestBytes;
  // Nearly always: nothing is written only to be measured.
  if (items.length <= maxRowsPerRequest && items.reduce((sum, item) => sum + mostBytesOf(item), 0) <= limit)
    return items.length === 0 ? [] : [items];
  const runs: Item[][] = [];
  let bytes = 0;
  for (const item of items) {
    const itemBytes = asciiJson(item).length + 1;
    const open = runs.at(-1);
    if (open === undefined || open.length >= maxRowsPerRequest || bytes + itemBytes > limit) {
      runs.push([item]);
      bytes = itemBytes;
    } else {
      open.push(item);
      bytes += itemBytes;
    }
  }
  return runs;
}
