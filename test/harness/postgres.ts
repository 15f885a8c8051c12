/** Databases for tests. */
import pg from 'pg';
import { randomBytes } from 'node:crypto';
import { sharedPostgres } from './servers.ts';

/**
 * A new, empty database, for one test file or one test: nobody else writes to it.
 *
 * @returns its URL, and what removes it, connections and all
 */
export async function freshDatabase(): Promise<{ readonly url: string; drop(): Promise<void> }> {
  const shared = await sharedPostgres();
  const name = `test_${randomBytes(6).toString('hex')}`;
  await query(shared, `CREATE DATABASE ${name}`);
  const url = new URL(shared);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => query(shared, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
}

async function query(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
