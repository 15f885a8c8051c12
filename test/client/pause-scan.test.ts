/** A pause in the midst of a slow scan, and a job that is terminated in it, with the real processes and real time. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { exportAudienceWorkflowId, scanAudienceWorkflowId } from '../../jobs/job-id.ts';
import { pauseUpdate } from '../../jobs/messages.ts';
import { authorizationFile, startProduct } from './product.ts';
import type { Product } from './product.ts';

let product: Product;
before(async () => {
  product = await startProduct();
  await product.json('authorizations', 'add', '--from-file', authorizationFile(product));
});
after(() => product.close());

const jobFile = (label: string): string =>
  product.write(
    'job.yaml',
    JSON.stringify({
      job: 'export-audience',
      authorization: 'Sandbox',
      label,
      audience: 'Slow',
      list: 'CONTACTS_LIST',
      matchColumn1: 'EMAIL_ADDRESS_',
      exportAudienceMemberships: ['Slow'],
    }),
  );

const people = 4_000;
/** So slow that no request ends by itself before the pause is heard of. */
const latencyMs = 40_000;
/** A heartbeat and its answer, with room for a busy machine; held back by default, they took up to 24 s. */
const withinMs = 10_000;

/** Milliseconds until the scan has no step under way. */
async function untilAtRest(scanId: string): Promise<number> {
  const fromMs = performance.now();
  const handle = product.temporal.workflow.getHandle(scanId);
  while (((await handle.describe()).raw.pendingActivities?.length ?? 0) > 0) await wait(100);
  return performance.now() - fromMs;
}

test('a pause ends a slow scan within seconds; resumed, it goes on, and every number is right', async () => {
  const lines = Array.from({ length: people }, (_, index) => `person${index}@example.com`);
  await product.json(
    'audiences',
    'import',
    'Slow',
    product.write('slow.csv', `email\n${lines.join('\n')}\n`),
  );
  await product.sandbox.control('config', { latencyMs: { 'Merge List Recipients': latencyMs } });
  const { id } = (await product.json('jobs', 'start', jobFile('Slow'))) as { id: string };
  // Taken up, and its first heartbeat answered: from now on heartbeats are held back.
  await wait(1_000);
  await product.temporal.workflow.getHandle(exportAudienceWorkflowId(id)).executeUpdate(pauseUpdate);
  const tookMs = await untilAtRest(scanAudienceWorkflowId(id));
  assert.ok(tookMs < withinMs, `the scan went on for ${tookMs} ms`);
  const { scan: paused } = (await product.json('jobs', 'show', id)) as {
    scan: { done: number; state: string };
  };
  assert.deepEqual([paused.state, paused.done], ['running', 0]);

  await product.sandbox.control('config', { latencyMs: { 'Merge List Recipients': 0 } });
  await product.json('jobs', 'resume', id);
  const { members, scan } = (await product.json('jobs', 'watch', id, '--until-scanned')) as {
    members: unknown;
    scan: { state: string; done: number };
  };
  assert.deepEqual([scan.state, scan.done], ['done', people]);
  assert.deepEqual(members, { sent: people, accepted: people, rejected: 0, notInList: 0 });
  assert.equal((await product.rowsOf('lists/CONTACTS_LIST')).length, people);
  const flags = await product.rowsOf('tables/CONTACTS_LIST/Lytics_Segments');
  assert.equal(flags.filter((row) => row['SLOW'] === '1').length, people);
});

test('a job that is terminated in Temporal takes its scan with it, with nothing to be told', async () => {
  await product.sandbox.control('config', { latencyMs: { 'Merge List Recipients': latencyMs } });
  const { id } = (await product.json('jobs', 'start', jobFile('Lost'))) as { id: string };
  await wait(1_000);
  await product.temporal.workflow.getHandle(exportAudienceWorkflowId(id)).terminate();
  const scan = product.temporal.workflow.getHandle(scanAudienceWorkflowId(id));
  const end = Date.now() + 30_000;
  while ((await scan.describe()).status.name === 'RUNNING' && Date.now() < end) await wait(200);
  assert.equal((await scan.describe()).status.name, 'COMPLETED');
  const shown = (await product.json('jobs', 'show', id)) as { state: string; scan: { state: string } };
  assert.deepEqual([shown.state, shown.scan.state], ['failed', 'abandoned']);
});
