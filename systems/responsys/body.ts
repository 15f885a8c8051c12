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
export function splitRows(rows: readonly (readonly string[])[]): readonly (readonly (readonly string[])[])[] {
  const limit = maxRequestBytes - roomForTheRestBytes;
  // Nearly always: nothing is written only to be measured.
  if (rows.length <= maxRowsPerRequest && rows.reduce((sum, row) => sum + mostBytes(row), 0) <= limit)
    return rows.length === 0 ? [] : [rows];
  const runs: (readonly string[])[][] = [];
  let bytes = 0;
  for (const row of rows) {
    const rowBytes = asciiJson(row).length + 1;
    const open = runs.at(-1);
    if (open === undefined || open.length >= maxRowsPerRequest || bytes + rowBytes > limit) {
      runs.push([row]);
      bytes = rowBytes;
    } else {
      open.push(row);
      bytes += rowBytes;
    }
  }
  return runs;
}
