/**
 * Rows as a file has them, numbered so that each has a number of its own, that grows: the line of the text,
 * counted on from one entry of an archive to the next, and by one where several rows share a line.
 */
import type { RowBatch } from '../../systems/sftp/rows/read-rows.ts';
import { isBad } from '../../systems/sftp/rows/reading.ts';
import type { FileRecord } from './import-rows.ts';

export interface FileRecords {
  readonly batches: AsyncIterable<readonly FileRecord[]>;
  /** Of the rows read by now, with their delimiters. */
  readonly characters: number;
}

export function asRecords(rows: AsyncIterable<RowBatch>): FileRecords {
  const read = { characters: 0 };
  let entry: string | undefined;
  let before = 0;
  let line = 0;
  let columns: readonly string[] | undefined;

  const isSame = (other: readonly string[]): boolean =>
    columns !== undefined &&
    (columns === other ||
      (columns.length === other.length && columns.every((name, index) => name === other[index])));

  function recordsOf(batch: RowBatch): readonly FileRecord[] {
    if (batch.entry !== entry) [entry, before] = [batch.entry, line];
    const records: FileRecord[] = [];
    for (const item of batch.items) {
      line = Math.max(line + 1, before + item.line);
      if (isBad(item)) {
        records.push({ line, fault: item.reason });
        continue;
      }
      if (!isSame(item.columns)) {
        columns = item.columns;
        records.push({ columns });
      }
      let hasNone = false;
      for (const cell of item.cells) {
        hasNone ||= cell === null;
        read.characters += (cell?.length ?? 0) + 1;
      }
      records.push({
        line,
        values: hasNone ? item.cells.map((cell) => cell ?? '') : (item.cells as string[]),
      });
    }
    return records;
  }
  return {
    batches: (async function* () {
      for await (const batch of rows) yield recordsOf(batch);
    })(),
    get characters() {
      return read.characters;
    },
  };
}
