/** A campaign job whose workflow is terminated from outside, in the midst of its back-fill. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { walkCampaignWorkflowId } from '../../jobs/job-id.ts';
import { findCampaignJob } from '../../systems/store/campaign-jobs.ts';
import { latestScan } from '../../systems/store/scans.ts';
import { startSandbox } from '../harness/sandbox.ts';
import { temporalEnvironment } from '../harness/temporal.ts';
import { startWorker } from '../harness/worker.ts';
import { openCampaignGround, until } from './ground.ts';

test('terminated, a job takes its back-fill with it; started again, it mails the rest, and nobody twice', async () => {
  const sandbox = await startSandbox({
    limits: { '*': 1_000_000 },
    latencyMs: { 'Trigger Email Message': 500 },
  });
  const { address, namespace, environment } = await temporalEnvironment();
  const ground = await openCampaignGround(
    sandbox,
    { address, namespace, client: environment.client },
    { backfill: true, batchSize: 5, additionalFields: [] },
  );
  const worker = await startWorker(ground.places);
  after(async () => {
    await ground.close();
    await worker.stop();
    await environment.teardown();
    await sandbox.stop();
  });
  const present = Array.from({ length: 800 }, (_, at) => ({ email: `p${at}@example.com` }));
  await ground.change(await ground.people(present), 'enter');
  const job = await ground.start();
  await until(ground.outbox, (mails: readonly unknown[]) => mails.length >= 20);
  await job.terminate();
  const walk = environment.client.workflow.getHandle(walkCampaignWorkflowId(ground.jobId));
  await until(
    async () => (await walk.describe()).status.name,
    (status: string) => status === 'COMPLETED',
  );
  const { state, stateReason } = await findCampaignJob(ground.store, ground.jobId);
  assert.deepEqual([state, stateReason], ['failed', 'Its workflow is no longer running.']);
  assert.equal((await latestScan(ground.store, ground.jobId))?.state, 'abandoned');
  const mails = await ground.outbox();
  assert.ok(mails.length < present.length / 2, `${mails.length} were mailed`);
  // Each has its fate: what was under way was told of to its end, and the rest is no longer the job's.
  await until(ground.fates, (fates: object) => !('claimed' in fates) && !('waiting' in fates));
  await wait(1_500);
  assert.equal((await ground.outbox()).length, mails.length);
  assert.deepEqual(await ground.fates(), { accepted: mails.length });

  await sandbox.control('config', { latencyMs: { 'Trigger Email Message': 0 } });
  await ground.start();
  await until(ground.fates, (fates: Record<string, number>) => fates['accepted'] === present.length);
  const addresses = (await ground.outbox()).map(({ email }) => email);
  assert.deepEqual([addresses.length, new Set(addresses).size], [present.length, present.length]);
});
