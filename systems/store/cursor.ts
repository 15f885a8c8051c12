/** Walks the rows of a query as they are at one moment, page by page, and writes nothing. */
import type { QueryResultRow } from 'pg';
import type { Pool } from './database.ts';

export async function walkRows(
  pool: Pool,
  query: { readonly text: string; readonly values: readonly unknown[] },
  pageRows: number,
  visit: (rows: readonly QueryResultRow[]) => Promise<void>,
): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('begin isolation level repeatable read, read only');
    await client.query(`declare walked no scroll cursor for ${query.text}`, [...query.values]);
    for (;;) {
      const { rows } = await client.query<QueryResultRow>(`fetch ${pageRows} from walked`);
      if (rows.length === 0) return;
      await visit(rows);
    }
  } finally {
    await client.query('rollback').catch(() => undefined);
    client.release();
  }
}
