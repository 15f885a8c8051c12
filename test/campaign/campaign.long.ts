/**
 * What a campaign job promises, at its size: 10,000 entries under resets after the work was done, lost tokens,
 * throttling and killed workers leave no stay with two mails; and who enters while over 100,000 are mailed under a
 * limit of 200 requests a minute does not wait behind them.
 *
 * `CAMPAIGN_ENTRIES=…` makes another number of the first, `SEED=…` another run of it.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { campaignPoints } from '../fire/points.ts';
import { beQuiet } from '../fire/quiet.ts';
import { startSandbox } from '../harness/sandbox.ts';
import { temporalEnvironment } from '../harness/temporal.ts';
import { startWorker } from '../harness/worker.ts';
import { openCampaignGround, until } from './ground.ts';
import { runCampaignUnderFire } from './under-fire.ts';

beQuiet();

let environment: TestWorkflowEnvironment;
let temporal: Parameters<typeof openCampaignGround>[1];
before(async () => {
  let address: string, namespace: string;
  ({ address, namespace, environment } = await temporalEnvironment());
  temporal = { address, namespace, client: environment.client };
});
after(() => environment.teardown());

const entries = Number(process.env['CAMPAIGN_ENTRIES'] ?? 10_000);

test(`${entries} entries under faults, workers killed: no stay has two mails`, async (context) => {
  const sandbox = await startSandbox({
    limits: { '*': 1_000_000 },
    latencyMs: { 'Merge List Recipients': 20, 'Trigger Email Message': 20 },
  });
  const kills = [...campaignPoints, 'mails claimed', 'request sent'] as const;
  const report = await runCampaignUnderFire({
    ...{ seed: Number(process.env['SEED'] ?? 11), sandbox, temporal, people: entries, batchSize: 100 },
    kills,
    quietWithinMs: 1_200_000,
  });
  context.diagnostic(JSON.stringify(report));
  assert.ok(report.killed.length >= kills.length, `only ${report.killed.join(', ')}`);
  assert.ok(report.lost >= kills.length, `only ${report.lost} mails lost their answer after they had gone`);
  await sandbox.stop();
});

test('while over 100,000 are mailed under 200 requests a minute, who enters is mailed within two flush intervals', async (context) => {
  // On a busy machine the store and the server take seconds of it.
  const flushIntervalMs = 15_000;
  const sandbox = await startSandbox({ limits: { '*': 200 } });
  const ground = await openCampaignGround(sandbox, temporal, {
    ...{ backfill: true, flushInterval: `${flushIntervalMs / 1_000}s`, additionalFields: [] },
  });
  const worker = await startWorker(ground.places);
  try {
    const present = 120_000;
    for (let from = 0; from < present; from += 5_000) {
      const emails = Array.from({ length: 5_000 }, (_, at) => ({ email: `b${from + at}@example.com` }));
      await ground.change(await ground.people(emails), 'enter');
    }
    const entries = 5;
    const live = await ground.people(
      Array.from({ length: entries }, (_, at) => ({ email: `live${at}@example.com` })),
    );
    await ground.start();
    // The minute's calls are used up by then.
    await until(ground.outbox, (mails: readonly unknown[]) => mails.length >= 15_000, 240_000);
    const entered = new Map<string, number>();
    for (const [at, id] of live.entries()) {
      entered.set(`live${at}@example.com`, Date.now());
      await ground.change([id], 'enter');
      await wait(flushIntervalMs);
    }
    await wait(flushIntervalMs);
    const mails = await ground.outbox();
    const waits = [...entered].map(([email, enteredMs]) => {
      const mail = mails.find((one) => one.email === email);
      return mail === undefined ? Infinity : mail.atMs - enteredMs;
    });
    context.diagnostic(`waited ${waits.map((ms) => `${(ms / 1_000).toFixed(1)}s`).join(', ')}`);
    context.diagnostic(`mailed of the back-fill meanwhile: ${mails.length}`);
    assert.ok(mails.length < present, 'the back-fill was over before it could be in the way');
    for (const ms of waits) assert.ok(ms <= 2 * flushIntervalMs, `one waited ${ms} ms`);
  } finally {
    await ground.close();
    await worker.stop();
    await sandbox.stop();
  }
});
