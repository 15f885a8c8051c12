import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';
import { freshDatabase } from '../harness/postgres.ts';
import { temporalEnvironment } from '../harness/temporal.ts';
import { startWorker } from '../harness/worker.ts';

const health = join(import.meta.dirname, '..', '..', 'workers', 'health.ts');

test('a host is healthy while its worker polls, and not without one', async () => {
  const { address, namespace, environment } = await temporalEnvironment();
  const database = await freshDatabase();
  const key = randomBytes(32).toString('base64');
  const env = {
    ...process.env,
    LYTICS_RESPONSYS_DATABASE_URL: database.url,
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: namespace,
  };
  const ask = () => spawnSync(process.execPath, [health], { env, encoding: 'utf8' });
  const without = ask();
  assert.equal(without.status, 1);
  assert.match(without.stderr, /^no worker of \S+ polls lytics-responsys in test-/);
  const worker = await startWorker({ databaseUrl: database.url, key, allowHosts: [], address, namespace });
  const beside = ask();
  assert.equal(beside.status, 0, beside.stderr);
  await worker.stop();
  await environment.teardown();
  await database.drop();
});
