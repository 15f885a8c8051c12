/**
 * The connection to PostgreSQL, its migrations, and transactions. Everything else in this folder is SQL of
 * one subject each; functions take a `Database` and so run inside a transaction or outside one.
 */
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { runner } from 'node-pg-migrate';
import pg from 'pg';

/** A pool, or the client of a running transaction. */
export type Database = Pick<pg.ClientBase, 'query'>;
export type Pool = pg.Pool;

// Counts and change numbers fit a double for longer than any of us will be around.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);

/** Connects, and brings the schema up to date. @param url PostgreSQL's URL */
export async function openStore(url: string): Promise<Pool> {
  const pool = new pg.Pool({ connectionString: url, max: 12, application_name: 'lytics-responsys' });
  // Without a listener an idle connection that breaks would end the process; the next query reports it.
  pool.on('error', () => undefined);
  try {
    await migrate(pool);
  } catch (error) {
    await pool.end();
    throw error;
  }
  return pool;
}

async function migrate(pool: Pool): Promise<void> {
  const client = await pool.connect();
  try {
    for (let attempt = 1; ; attempt++) {
      try {
        await runMigrations(client, 'up');
        return;
      } catch (error) {
        // The migration library refuses at once while another process holds its lock; the other is about to finish.
        if (attempt >= 20 || !(error instanceof Error && /another migration/i.test(error.message)))
          throw error;
        await wait(500);
      }
    }
  } finally {
    client.release();
  }
}

/** @param count of migrations; all without it */
export async function runMigrations(
  client: pg.ClientBase,
  direction: 'up' | 'down',
  count = Infinity,
): Promise<void> {
  await runner({
    dbClient: client,
    dir: join(import.meta.dirname, 'migrations'),
    migrationsTable: 'migrations',
    direction,
    count,
    singleTransaction: true,
    log: () => undefined,
  });
}

const deadlockDetected = '40P01';
const serializationFailure = '40001';

/** Runs `work` in one transaction; repeats it after a deadlock or a serialization failure. */
export async function transaction<Result>(
  pool: Pool,
  work: (database: Database) => Promise<Result>,
): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    const client = await pool.connect();
    try {
      await client.query('begin');
      const result = await work(client);
      await client.query('commit');
      return result;
    } catch (error) {
      await client.query('rollback').catch(() => undefined);
      const code = error instanceof pg.DatabaseError ? error.code : undefined;
      if ((code !== deadlockDetected && code !== serializationFailure) || attempt >= 5) throw error;
    } finally {
      client.release();
    }
  }
}
