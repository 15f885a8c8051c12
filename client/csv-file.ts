/** Writes what is read page by page to a CSV file that nobody else may read. */
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { csvCell } from './csv-cell.ts';

const pageRows = 1_000;

/** @param read the page after a row; the first without one. @returns how many rows were written */
export async function writeCsv<Row>(
  path: string,
  head: readonly string[],
  read: (after: Row | undefined, limit: number) => Promise<readonly Row[]>,
  cellsOf: (row: Row) => readonly string[],
): Promise<number> {
  const file = createWriteStream(path, { mode: 0o600 });
  const write = (cells: readonly string[]): boolean => file.write(`${cells.map(csvCell).join(',')}\r\n`);
  write(head);
  let written = 0;
  for (let after: Row | undefined; ;) {
    const page = await read(after, pageRows);
    for (const row of page) write(cellsOf(row));
    written += page.length;
    after = page.at(-1);
    if (after === undefined) break;
  }
  file.end();
  await finished(file);
  return written;
}
