import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, afterEach, before, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { sendUnknownUpdate } from '../../jobs/campaign-messages.ts';
import {
  approveUpdate,
  backfillUpdate,
  flushUpdate,
  reconfigureUpdate,
  resumeUpdate,
  retryUpdate,
  statusQuery,
  stopUpdate,
} from '../../jobs/messages.ts';
import type { ExportStatus } from '../../jobs/messages.ts';
import type { ExportCampaignConfiguration } from '../../jobs/export-campaign.ts';
import { exportCampaignWorkflowId } from '../../jobs/job-id.ts';
import { findCampaignJob } from '../../systems/store/campaign-jobs.ts';
import { transaction } from '../../systems/store/database.ts';
import { mergeProfiles } from '../../systems/store/merging.ts';
import { startSandbox } from '../harness/sandbox.ts';
import type { TestSandbox } from '../harness/sandbox.ts';
import { temporalEnvironment } from '../harness/temporal.ts';
import { startWorker } from '../harness/worker.ts';
import type { Child } from '../../workers/embedded/child.ts';
import { openCampaignGround, until, untilFollowing } from './ground.ts';
import type { CampaignGround, Mail } from './ground.ts';

let sandbox: TestSandbox;
let environment: TestWorkflowEnvironment;
let temporal: Parameters<typeof openCampaignGround>[1];
before(async () => {
  sandbox = await startSandbox({ limits: { '*': 1_000_000 } });
});

let ground: CampaignGround;
let worker: Child;
async function begin(settings: Readonly<Record<string, unknown>> = {}): Promise<void> {
  let address: string, namespace: string;
  ({ address, namespace, environment } = await temporalEnvironment());
  temporal = { address, namespace, client: environment.client };
  ground = await openCampaignGround(sandbox, temporal, settings);
  worker = await startWorker(ground.places);
}
afterEach(async () => {
  await ground.close();
  await worker.stop();
  await environment.teardown();
});
after(() => sandbox.stop());

type Fates = Readonly<Record<string, number>>;
const addresses = (mails: readonly Mail[]): string[] => mails.map(({ email }) => email).sort();
/** So many walks of the job are done, and none is under way. */
const untilWalked = (walks: number): Promise<void> =>
  until(
    async () => (await ground.store.query<{ state: string }>('select state from scans')).rows,
    (rows: readonly { state: string }[]) =>
      rows.length === walks && rows.every(({ state }) => state === 'done'),
  );
/** Gives the job that runs other settings. */
async function reconfigure(settings: Partial<ExportCampaignConfiguration>): Promise<void> {
  const { configuration, revision } = await findCampaignJob(ground.store, ground.jobId);
  const wished = { ...configuration, ...settings };
  const change = { configuration: wished, from: revision, to: randomUUID(), backfill: false };
  const job = environment.client.workflow.getHandle(exportCampaignWorkflowId(ground.jobId));
  assert.equal(await job.executeUpdate(reconfigureUpdate.name, { args: [change] }), true);
}
const person = (email: string, more: object = {}) => ({ email, ...more });

test('who enters gets one mail with their fields; leaving sends nothing, coming back one more', async () => {
  await begin();
  const [early = '', one = '', other = '', out = '', bad = '', none = ''] = await ground.people([
    person('early@example.com'),
    person('one@example.com', { tier: 'gold' }),
    person('other@example.com', { tier: 'Zürich "1"' }),
    person('out@example.com', { email_last_opt_out_ts: '2026-01-01T00:00:00Z' }),
    person('no address'),
    { tier: 'none' },
  ]);
  await ground.change([early], 'enter');
  const job = await ground.start();
  await untilFollowing(job);
  await ground.change([one, other, out, bad, none], 'enter');
  await until(ground.fates, (fates: Fates) => fates['accepted'] === 2 && fates['waiting'] === undefined);
  assert.deepEqual(await ground.fates(), { accepted: 2, rejected: 2, 'opted-out': 1 });
  const mails = await ground.outbox();
  assert.deepEqual(addresses(mails), ['one@example.com', 'other@example.com']);
  assert.deepEqual(mails.flatMap(({ optionalData }) => optionalData.map(({ value }) => value)).sort(), [
    'Zürich "1"',
    'gold',
  ]);

  await ground.change([one], 'exit');
  await ground.change([one], 'enter');
  await until(ground.fates, (fates: Fates) => fates['accepted'] === 3);
  assert.equal(addresses(await ground.outbox()).filter((email) => email === 'one@example.com').length, 2);
  await job.executeUpdate(stopUpdate);
  assert.deepEqual(await job.result(), { left: 0, reason: 'Stopped.' });
});

test('a back-fill with a canary mails the first, waits, and then the rest; a second mails nobody', async () => {
  await begin({ backfill: true, canary: 3, batchSize: 5 });
  const ids = await ground.people(Array.from({ length: 23 }, (_, at) => person(`p${at}@example.com`)));
  const twin = await ground.people([person('P0@example.com ')]);
  await ground.change([...ids, ...twin], 'enter');
  const job = await ground.start();
  await until(
    () => job.query(statusQuery).catch(String),
    (status: Partial<ExportStatus>) => status.state === 'approval',
  );
  assert.match((await job.query(statusQuery)).reason, /^Of the first 3 members [23] were mailed/);
  const first = await ground.outbox();
  assert.ok(first.length === 3 || first.length === 2);
  await job.executeUpdate(approveUpdate);
  await untilWalked(1);
  assert.deepEqual(await ground.fates(), { accepted: 23, 'same-address': 1 });
  assert.equal(new Set(addresses(await ground.outbox()).map((email) => email.trim().toLowerCase())).size, 23);
  await untilFollowing(job);
  await job.executeUpdate(backfillUpdate);
  await untilWalked(2);
  assert.equal((await ground.outbox()).length, 23);
});

test('a canary that a running job was given holds the back-fill that is asked for, also in a later run', async () => {
  await begin();
  const present = Array.from({ length: 9 }, (_, at) => person(`p${at}@example.com`));
  await ground.change(await ground.people(present), 'enter');
  const [late = ''] = await ground.people([person('late@example.com')]);
  const job = await ground.start({ signalsPerRun: 1 });
  await untilFollowing(job);
  await reconfigure({ backfill: true, canary: 3 });
  await ground.change([late], 'enter');
  await until(ground.fates, (fates: Fates) => fates['accepted'] === 1);
  await job.executeUpdate(backfillUpdate);
  await until(
    () => job.query(statusQuery),
    (status: ExportStatus) => status.state === 'approval',
  );
  assert.equal((await ground.outbox()).length, 1 + 3);
  await job.executeUpdate(approveUpdate);
  await untilWalked(1);
  assert.equal((await ground.outbox()).length, 1 + 9);
});

test('an answer that never came is unknown and sent again by a person’s word alone', async () => {
  await begin();
  const [one = ''] = await ground.people([person('lost@example.com')]);
  const job = await ground.start();
  await untilFollowing(job);
  await sandbox.control('faults', {
    kind: 'reset-after',
    on: 'Trigger Email Message',
    match: ground.campaign,
  });
  await ground.change([one], 'enter');
  await until(ground.fates, (fates: Fates) => fates['unknown'] === 1);
  await job.executeUpdate(retryUpdate, { args: [undefined] });
  await untilWalked(1);
  await untilFollowing(job);
  assert.equal((await ground.outbox()).length, 1);
  await job.executeUpdate(sendUnknownUpdate);
  await until(ground.fates, (fates: Fates) => fates['accepted'] === 1);
  assert.equal((await ground.outbox()).length, 2);
});

test('three triggers in a row without an answer park the job; resumed, it goes on, and those are not mailed again', async () => {
  await begin();
  const ids = await ground.people(['a', 'b', 'c', 'd'].map((name) => person(`${name}@example.com`)));
  const job = await ground.start();
  await untilFollowing(job);
  await sandbox.control('faults', {
    ...{ kind: 'reset-after', on: 'Trigger Email Message', match: ground.campaign, times: 3 },
  });
  for (const [at, id] of ids.slice(0, 3).entries()) {
    await ground.change([id], 'enter');
    await until(ground.fates, (fates: Fates) => fates['unknown'] === at + 1);
  }
  await until(
    () => job.query(statusQuery),
    (status: ExportStatus) => status.state === 'parked',
  );
  assert.match(
    (await job.query(statusQuery)).reason,
    /^3 triggers in a row got no answer: whether their mails went out is unknown\. The last: .*ECONNRESET.*"jobs resume" goes on$/,
  );
  await ground.change(ids.slice(3), 'enter');
  await job.executeUpdate(resumeUpdate);
  await until(ground.fates, (fates: Fates) => fates['accepted'] === 1);
  assert.deepEqual(await ground.fates(), { accepted: 1, unknown: 3 });
  assert.equal((await ground.outbox()).length, 4);
});

test('beyond the day’s number entries wait in the queue, also merged ones, until then or until the number is raised', async () => {
  await begin({ mailsADay: 2, flushInterval: '24h' });
  const both = ['a', 'b', 'c'].map((name) => person(`${name}@example.com`));
  const goes = await ground.people(both);
  const stays = await ground.people(both);
  const job = await ground.start();
  await untilFollowing(job);
  await ground.change(goes, 'enter');
  const untilQueued = (isHeld: boolean): Promise<void> =>
    until(
      () => job.query(statusQuery),
      ({ queued, nextFlushAt }: ExportStatus) =>
        queued === (isHeld ? 1 : 3) && Date.parse(nextFlushAt ?? '') > Date.now() + 23 * 3_600_000,
    );
  await untilQueued(false);
  await transaction(ground.store, async (own) => {
    for (const [at, id] of goes.entries()) await mergeProfiles(own, stays[at] ?? '', id);
  });
  await job.executeUpdate(flushUpdate);
  await untilQueued(true);
  assert.deepEqual(await ground.fates(), { accepted: 2, waiting: 1 });
  assert.equal((await ground.outbox()).length, 2);
  await reconfigure({ mailsADay: undefined });
  await job.executeUpdate(flushUpdate);
  await until(ground.fates, (fates: Fates) => fates['accepted'] === 3);
});

test('a back-fill that waits for the next day goes on when the day’s number is raised', async () => {
  await begin({ backfill: true, mailsADay: 2 });
  const present = Array.from({ length: 5 }, (_, at) => person(`p${at}@example.com`));
  await ground.change(await ground.people(present), 'enter');
  await ground.start();
  await until(ground.fates, (fates: Fates) => fates['accepted'] === 2);
  await reconfigure({ mailsADay: 4 });
  await until(ground.fates, (fates: Fates) => fates['accepted'] === 4);
  await reconfigure({ mailsADay: undefined });
  await untilWalked(1);
  assert.deepEqual(await ground.fates(), { accepted: 5 });
});

test('a back-fill that is under way goes on as the job is by now', async () => {
  await begin({ backfill: true, batchSize: 1 });
  const present = Array.from({ length: 300 }, (_, at) => person(`p${at}@example.com`, { tier: 'gold' }));
  await ground.change(await ground.people(present), 'enter');
  await ground.start();
  await until(ground.fates, (fates: Fates) => (fates['accepted'] ?? 0) >= 5);
  await reconfigure({ mailsADay: 1, additionalFields: [] });
  const before = (await ground.outbox()).length;
  assert.ok(before < 250, `${before} were mailed before it could be changed`);
  await wait(1_500);
  // What was under way at that moment, at most.
  const held = (await ground.outbox()).length;
  assert.ok(held <= before + 4, `${held} of ${before} and those under way`);
  await reconfigure({ mailsADay: undefined });
  await untilWalked(1);
  const mails = await ground.outbox();
  assert.equal(new Set(addresses(mails)).size, 300);
  assert.equal(mails.length, 300);
  assert.equal(mails.filter(({ optionalData }) => optionalData.length > 0).length, held);
});
