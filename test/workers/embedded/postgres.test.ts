import assert from 'node:assert/strict';
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import pg from 'pg';
import { lives } from '../../../workers/embedded/process-identity.ts';
import { startPostgres, type RunningPostgres } from '../../../workers/embedded/postgres.ts';
import { withFolder } from './running-start.ts';

async function rows(url: string, sql: string): Promise<unknown[][]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const result = await client.query<unknown[]>({ text: sql, rowMode: 'array' });
    return result.rows;
  } finally {
    await client.end();
  }
}

/** Where the server has its data: root's lie outside of the data folder. */
const pgdataOf = async ({ url }: RunningPostgres): Promise<string> =>
  String((await rows(url, 'SHOW data_directory'))[0]?.[0]);

test('the store is UTF-8 in C.UTF-8, durable, without JIT, on 127.0.0.1 only', async () => {
  await withFolder(async (dataFolder) => {
    const postgres = await startPostgres({ dataFolder, throwaway: true });
    const [database] = await rows(
      postgres.url,
      `SELECT pg_encoding_to_char(encoding), datlocprovider, datlocale, current_database()
         FROM pg_database WHERE datname = current_database()`,
    );
    assert.deepEqual(database, ['UTF8', 'b', 'C.UTF-8', 'lytics_responsys']);
    const settings = await rows(
      postgres.url,
      `SELECT name, setting FROM pg_settings WHERE name IN
         ('fsync', 'jit', 'listen_addresses', 'max_connections', 'synchronous_commit', 'unix_socket_directories')
       ORDER BY name`,
    );
    assert.deepEqual(settings, [
      ['fsync', 'on'],
      ['jit', 'off'],
      ['listen_addresses', '127.0.0.1'],
      ['max_connections', '100'],
      ['synchronous_commit', 'on'],
      ['unix_socket_directories', ''],
    ]);
    const withoutPassword = new URL(postgres.url);
    withoutPassword.password = 'wrong';
    await assert.rejects(rows(withoutPassword.href, 'SELECT 1'), { code: '28P01' });
    await postgres.stop();
    assert.equal(lives(postgres.pid, postgres.child.started), false);
  });
});

test('values that a statement quotes do not reach the log', async () => {
  await withFolder(async (dataFolder) => {
    const postgres = await startPostgres({ dataFolder, throwaway: true });
    await assert.rejects(rows(postgres.url, `SELECT 'canary@example.com'::integer`));
    await rows(postgres.url, 'CREATE TABLE t (email text PRIMARY KEY)');
    await rows(postgres.url, `INSERT INTO t VALUES ('canary@example.com')`);
    await assert.rejects(rows(postgres.url, `INSERT INTO t VALUES ('canary@example.com')`));
    await postgres.stop();
    const log = readFileSync(join(dataFolder, 'postgres.log'), 'utf8');
    assert.match(log, /ready to accept connections/);
    assert.doesNotMatch(log, /canary/);
  });
});

test('what was committed survives kill -9 of the server, whatever process has its number afterwards', async () => {
  await withFolder(async (dataFolder) => {
    const first = await startPostgres({ dataFolder, throwaway: true });
    await rows(first.url, 'CREATE TABLE t AS SELECT 42 AS answer');
    const pgdata = await pgdataOf(first);
    process.kill(first.pid, 'SIGKILL');
    await first.child.exited;
    // As after a restart of the machine: the number in the file belongs to another process, here to this one.
    const pidFile = join(pgdata, 'postmaster.pid');
    const lines = readFileSync(pidFile, 'utf8').split('\n');
    writeFileSync(pidFile, [String(process.pid), ...lines.slice(1)].join('\n'));

    const second = await startPostgres({ dataFolder, throwaway: true });
    assert.deepEqual(await rows(second.url, 'SELECT answer FROM t'), [[42]]);
    await second.child.stop();

    const third = await startPostgres({ dataFolder, throwaway: true });
    assert.deepEqual(await rows(third.url, 'SELECT answer FROM t'), [[42]]);
    await third.stop();
  });
});

test('a server that was left running without a record is stopped by the next start', async () => {
  await withFolder(async (dataFolder) => {
    const left = await startPostgres({ dataFolder, throwaway: true });
    const next = await startPostgres({ dataFolder, throwaway: true });
    assert.equal(lives(left.pid, left.child.started), false);
    assert.deepEqual(await rows(next.url, 'SELECT 1'), [[1]]);
    await next.stop();
  });
});

test('data whose password was thrown away are put aside, not opened and not removed', async () => {
  await withFolder(async (dataFolder) => {
    const first = await startPostgres({ dataFolder, throwaway: true });
    await rows(first.url, 'CREATE TABLE t AS SELECT 1');
    const home = join(await pgdataOf(first), '..');
    await first.child.stop();
    rmSync(join(dataFolder, 'postgres-password'));
    const second = await startPostgres({ dataFolder, throwaway: true });
    await assert.rejects(rows(second.url, 'SELECT * FROM t'), { code: '42P01' });
    assert.equal(readdirSync(home).filter((name) => name.startsWith('pgdata-')).length, 1);
    await second.stop();
  });
});

test('a port that is taken is named', async () => {
  await withFolder(async (dataFolder) => {
    await withFolder(async (otherFolder) => {
      const other = await startPostgres({ dataFolder: otherFolder, throwaway: true });
      const port = Number(new URL(other.url).port);
      await assert.rejects(startPostgres({ dataFolder, port, throwaway: true }), {
        code: 'CONFLICT',
        message: `PostgreSQL: port ${port} is taken by another program. Choose another.`,
      });
      await other.stop();
    });
  });
});
