/**
 * A list's or table's rows as JSON lines, in pages of RIIDs: a reader may take its time while merges go on.
 */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Storage } from './storage.ts';

const pageRows = 1000;

/** Rows after a RIID, oldest first; columns without a value are left out. */
export function readPage(
  storage: Storage,
  sql: string,
  afterRiid: number,
  rows = pageRows,
): readonly Readonly<Record<string, string>>[] {
  return storage
    .prepare(`SELECT * FROM ${sql} WHERE "RIID_" > ? ORDER BY "RIID_" LIMIT ?`)
    .all(afterRiid, rows)
    .map(
      (row) =>
        Object.fromEntries(
          Object.entries(row).flatMap(([name, value]) => (value === null ? [] : [[name, String(value)]])),
        ) as Record<string, string>,
    );
}

export async function sendRows(storage: Storage, sql: string, response: ServerResponse): Promise<void> {
  response.writeHead(200, { 'Content-Type': 'application/x-ndjson' });
  let after = -1;
  for (;;) {
    const page = readPage(storage, sql, after);
    if (page.length === 0 || response.destroyed) break;
    after = Number(page.at(-1)?.['RIID_']);
    const text = page.map((row) => `${JSON.stringify(row)}\n`).join('');
    if (!response.write(text)) await Promise.race([once(response, 'drain'), once(response, 'close')]);
  }
  response.end();
}
