/** The short form of campaign.long.ts: a few hundred entries, and a worker killed at each point. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { campaignPoints } from '../fire/points.ts';
import { beQuiet } from '../fire/quiet.ts';
import { startSandbox } from '../harness/sandbox.ts';
import { temporalEnvironment } from '../harness/temporal.ts';
import { runCampaignUnderFire } from './under-fire.ts';

beQuiet();

const name =
  '400 entries under faults, workers killed at every point: no stay has two mails, each has its fate';

test(name, async (context) => {
  const sandbox = await startSandbox({
    limits: { '*': 1_000_000 },
    latencyMs: { 'Merge List Recipients': 20, 'Trigger Email Message': 20 },
  });
  const { address, namespace, environment } = await temporalEnvironment();
  after(async () => {
    await environment.teardown();
    await sandbox.stop();
  });
  const report = await runCampaignUnderFire({
    ...{
      seed: Number(process.env['SEED'] ?? 7),
      sandbox,
      people: 400,
      batchSize: 20,
      quietWithinMs: 300_000,
    },
    temporal: { address, namespace, client: environment.client },
    kills: campaignPoints,
  });
  context.diagnostic(JSON.stringify(report));
  assert.ok(report.killed.length >= campaignPoints.length, `only ${report.killed.join(', ')}`);
  assert.ok(report.lost >= campaignPoints.length, `only ${report.lost} mails lost their answer`);
});
