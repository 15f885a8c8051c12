/**
 * A list's or table's rows, or the outbox's mails, as JSON lines, in pages: a reader may take its time while
 * merges go on.
 */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { mailsAfter } from './outbox.ts';
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

export const sendRows = (storage: Storage, sql: string, response: ServerResponse): Promise<void> =>
  sendPages(
    (after) => readPage(storage, sql, after),
    (row) => Number(row['RIID_']),
    response,
  );

export const sendMails = (storage: Storage, response: ServerResponse): Promise<void> =>
  sendPages(
    (after) => mailsAfter(storage, after, pageRows),
    ({ id }) => id,
    response,
  );

async function sendPages<Row>(
  read: (after: number) => readonly Row[],
  numberOf: (row: Row) => number,
  response: ServerResponse,
): Promise<void> {
  response.writeHead(200, { 'Content-Type': 'application/x-ndjson' });
  let after = -1;
  for (;;) {
    const page = read(after);
    const last = page.at(-1);
    if (last === undefined || response.destroyed) break;
    after = numberOf(last);
    const text = page.map((row) => `${JSON.stringify(row)}\n`).join('');
    if (!response.write(text)) await Promise.race([once(response, 'drain'), once(response, 'close')]);
  }
  response.end();
}
