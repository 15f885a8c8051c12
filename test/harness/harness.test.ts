import assert from 'node:assert/strict';
import { test } from 'node:test';
import pg from 'pg';
import { searchAttributes } from '../../jobs/search-attributes.ts';
import { freshDatabase } from './postgres.ts';
import { temporalEnvironment, timeSkipping } from './temporal.ts';

test('each fresh database is empty and its own, and goes although somebody is connected', async () => {
  const [one, two] = [await freshDatabase(), await freshDatabase()];
  const client = new pg.Client({ connectionString: one.url });
  client.on('error', () => undefined);
  await client.connect();
  await client.query('CREATE TABLE t AS SELECT 1');
  const other = new pg.Client({ connectionString: two.url });
  await other.connect();
  await assert.rejects(other.query('SELECT * FROM t'), { code: '42P01' });
  await other.end();
  await Promise.all([one.drop(), two.drop()]);
  await assert.rejects(client.query('SELECT 1'));
});

test('each Temporal environment is a namespace of its own with the search attributes', async () => {
  const environments = [await temporalEnvironment(), await temporalEnvironment()];
  for (const { environment, namespace } of environments) {
    await environment.client.workflow.start('unknown', { workflowId: 'same', taskQueue: 'nobody' });
    const { operatorService } = environment.connection;
    const { customAttributes } = await operatorService.listSearchAttributes({ namespace });
    for (const { name } of searchAttributes) assert.ok(name in customAttributes, name);
    await environment.teardown();
  }
});

test('time is skipped where that is asked for', async () => {
  const environment = await timeSkipping();
  const before = await environment.currentTimeMs();
  await environment.sleep('1 hour');
  assert.ok((await environment.currentTimeMs()) - before >= 3_600_000);
  await environment.teardown();
});
