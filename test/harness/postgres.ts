/** Databases for tests. */
import pg from 'pg';
import { randomBytes } from 'node:crypto';
import { sharedPostgres } from './servers.ts';

/**
 * A new, empty database, for one test file or one test: nobody else writes to it.
 *
 * @param password of a user of its own, of letters and digits; the shared server's user where there is none
 * @returns its URL, and what removes it, connections and all
 */
export async function freshDatabase(
  password?: string,
): Promise<{ readonly url: string; drop(): Promise<void> }> {
  const shared = await sharedPostgres();
  const name = `test_${randomBytes(6).toString('hex')}`;
  const url = new URL(shared);
  url.pathname = `/${name}`;
  if (password !== undefined) {
    await query(shared, `CREATE ROLE ${name} LOGIN PASSWORD '${password}'`);
    url.username = name;
    url.password = password;
  }
  await query(shared, `CREATE DATABASE ${name}${password === undefined ? '' : ` OWNER ${name}`}`);
  return {
    url: url.href,
    drop: async () => {
      await query(shared, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      await query(shared, `DROP ROLE IF EXISTS ${name}`);
    },
  };
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
