/**
 * Event files as Responsys delivers them: names, header, delimiter, packing, marker and count, each file there
 * under its name only when it is whole. What the rows are is the caller's: generated ones are one source.
 */
import { createWriteStream } from 'node:fs';
import { mkdir, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Key } from 'openpgp';
import { layersOf, nameWith, pack } from './packaging.ts';

/** What is in one file. */
export interface FileContent {
  readonly accountId: string;
  /** Such as CLICK. */
  readonly type: string;
  /** Date and time in the file's name. */
  readonly stamp: Date;
  readonly columns: readonly string[];
  /** Read once. */
  readonly rows: Iterable<readonly string[]>;
}

export interface FileForm {
  /** The folder on this machine's disk. */
  readonly folder: string;
  readonly delimiter: string;
  readonly packaging: string;
  readonly publicKey: Key | undefined;
  readonly marker?: string | undefined;
  readonly count?: string | undefined;
}

export interface WrittenFile {
  readonly name: string;
  readonly rows: number;
  readonly bytes: number;
}

const rowsAtOnce = 500;

export async function writeEventFile(content: FileContent, form: FileForm): Promise<WrittenFile> {
  const { accountId, type, stamp } = content;
  const [day = '', time = ''] = stamp.toISOString().split('T');
  const stem = `${accountId}_${type}_${day.replaceAll('-', '')}_${time.slice(0, 8).replaceAll(':', '')}`;
  const text = `${stem}.txt`;
  const layers = layersOf(form.packaging) ?? [];
  const name = nameWith(text, layers);
  let rows = 0;
  const lines = function* (): Generator<Buffer> {
    const line = (cells: readonly string[]): string =>
      `${cells.map((cell) => quoted(cell, form.delimiter)).join(form.delimiter)}\n`;
    let held = line(content.columns);
    for (const cells of content.rows) {
      held += line(cells);
      rows += 1;
      if (rows % rowsAtOnce !== 0) continue;
      yield Buffer.from(held);
      held = '';
    }
    if (held !== '') yield Buffer.from(held);
  };
  await mkdir(form.folder, { recursive: true });
  const path = join(form.folder, name);
  const packed = await pack(Readable.from(lines(), { objectMode: false }), {
    name: text,
    layers,
    publicKey: form.publicKey,
    time: stamp,
  });
  await pipeline(packed, createWriteStream(`${path}.part`));
  if (form.count !== undefined) await writeFile(join(form.folder, `${stem}${form.count}`), `${rows}\n`);
  await rename(`${path}.part`, path);
  // Last, since it says that all the rest is there.
  if (form.marker !== undefined) await writeFile(`${path}${form.marker}`, '');
  return { name, rows, bytes: (await stat(path)).size };
}

/** As it is, unless it could be taken for something else. */
const quoted = (cell: string, delimiter: string): string =>
  cell.includes(delimiter) || cell.includes('"') ? `"${cell.replaceAll('"', '""')}"` : cell;
