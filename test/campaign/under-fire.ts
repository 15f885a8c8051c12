/**
 * A campaign job under fire: people enter, leave and come back while Responsys fails and workers are killed.
 * Then each mail in the outbox is held against the stays: none has two, and each has its fate.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { WorkflowIdConflictPolicy } from '@temporalio/client';
import { relayWorkflowId, taskQueue } from '../../jobs/job-id.ts';
import { statusQuery } from '../../jobs/messages.ts';
import type { ExportStatus } from '../../jobs/messages.ts';
import { relayChanges } from '../../workflows/index.ts';
import { bundleForFire } from '../fire/fire-worker.ts';
import { keepKilling } from '../fire/keep-killing.ts';
import type { Point } from '../fire/points.ts';
import { randomFrom } from '../fire/random.ts';
import type { Random } from '../fire/random.ts';
import type { TestSandbox } from '../harness/sandbox.ts';
import { openCampaignGround, until } from './ground.ts';
import type { CampaignGround } from './ground.ts';

export interface CampaignFire {
  readonly seed: number;
  readonly sandbox: TestSandbox;
  readonly temporal: Parameters<typeof openCampaignGround>[1];
  /** Half of them are there when the job begins. */
  readonly people: number;
  readonly batchSize: number;
  /** Points at which workers are killed, one after the other. */
  readonly kills: readonly Point[];
  readonly quietWithinMs: number;
}

export interface FireReport {
  readonly fates: Readonly<Record<string, number>>;
  readonly mails: number;
  readonly killed: readonly Point[];
}

interface Person {
  readonly id: string;
  readonly email: string;
  isMember: boolean;
}

export async function runCampaignUnderFire(fire: CampaignFire): Promise<FireReport> {
  const random = randomFrom(fire.seed);
  const folder = mkdtempSync(join(tmpdir(), 'lytics-responsys-campaign-'));
  const codePath = join(folder, 'workflows.js');
  writeFileSync(codePath, (await bundleForFire(true)).code);
  const ground = await openCampaignGround(fire.sandbox, fire.temporal, {
    ...{ backfill: true, batchSize: fire.batchSize, flushInterval: '1s', stopWhenRejected: '100%' },
  });
  const killed: Point[] = [];
  let workers: { stop(): Promise<void> } | undefined;
  try {
    const people = await gather(ground, random, fire.people);
    const half = people.slice(0, Math.floor(people.length / 2));
    await change(ground, half, 'enter');
    workers = keepKilling({ options: ground.places, codePath, kills: fire.kills, random }, (point) =>
      killed.push(point),
    );
    const job = await ground.start({ flushIntervalMs: 300, signalsPerRun: 12 });
    await fire.temporal.client.workflow.start(relayChanges, {
      workflowId: relayWorkflowId,
      taskQueue,
      workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
    });
    await until(
      () => job.query(statusQuery).catch(String),
      (status: Partial<ExportStatus>) => status.state === 'running',
      90_000,
    );
    const absent = people.slice(half.length);
    const atOnce = Math.max(Math.ceil(people.length / 160), 4);
    while (absent.length > 0) {
      if (random.chance(0.7)) await fire.sandbox.control('faults', faultOn(random, ground));
      await change(ground, absent.splice(0, atOnce), 'enter');
      const restless = Array.from({ length: 3 }, () => random.of(people)).filter((one) => one !== undefined);
      for (const one of new Set(restless)) {
        await change(ground, [one], one.isMember ? 'exit' : 'enter');
        if (random.chance(0.5)) await change(ground, [one], one.isMember ? 'exit' : 'enter');
      }
      await wait(random.below(500));
    }
    await untilSettled(ground, fire.quietWithinMs, () => job.query(statusQuery));
    return { ...(await judge(ground, people)), killed };
  } catch (error) {
    throw new Error(`Seed ${fire.seed} repeats this run. ${String(error)}`, { cause: error });
  } finally {
    await workers?.stop();
    await ground.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** One in forty shares an address, one in fifty has none. */
async function gather(ground: CampaignGround, random: Random, count: number): Promise<Person[]> {
  const emails = Array.from({ length: count }, (_, at) => {
    if (at > 0 && random.chance(1 / 40)) return `p${random.below(at)}@example.com`;
    return random.chance(1 / 50) ? `nobody ${at}` : `p${at}@example.com`;
  });
  const people: Person[] = [];
  for (let from = 0; from < count; from += 1_000) {
    const some = emails.slice(from, from + 1_000);
    const ids = await ground.people(some.map((email) => ({ email, tier: 'gold' })));
    people.push(...some.map((email, at) => ({ id: ids[at] ?? '', email, isMember: false })));
  }
  return people;
}

async function change(
  ground: CampaignGround,
  people: readonly Person[],
  how: 'enter' | 'exit',
): Promise<void> {
  await ground.change(
    people.map(({ id }) => id),
    how,
  );
  for (const person of people) person.isMember = how === 'enter';
}

function faultOn(random: Random, { campaign, list }: CampaignGround): object {
  const isTrigger = random.chance(0.7);
  const kind = random.of([
    'reset-before',
    'reset-after',
    'reset-after',
    'delay-after',
    'status-500',
    'throttle',
    'token-loss',
  ]);
  return {
    kind,
    on: isTrigger ? 'Trigger Email Message' : 'Merge List Recipients',
    match: isTrigger ? campaign : list,
    after: random.below(3),
    ms: kind === 'delay-after' ? 200 + random.below(1_000) : 0,
  };
}

/** Every stay that was heard of has a fate that lasts, and nothing is left to be heard of. */
async function untilSettled(
  ground: CampaignGround,
  withinMs: number,
  status: () => Promise<ExportStatus>,
): Promise<void> {
  const look = async () => {
    const { rows } = await ground.store.query<{ unread: boolean; walks: number }>(
      `select exists (select 1 from changes, relay_positions as read
                       where read.job_id = $1 and (changes.tx, changes.no) > (read.tx, read.no)) as unread,
              (select count(*) from scans where job_id = $1 and state = 'running') as walks`,
      [ground.jobId],
    );
    const { queued, scanning, state, reason } = await status().catch(() => ({
      ...{ queued: -1, scanning: true, state: 'unanswered', reason: '' },
    }));
    return { ...rows[0], queued, scanning, state, reason, fates: await ground.fates() };
  };
  await until(
    look,
    (seen: Awaited<ReturnType<typeof look>>) => {
      assert.notEqual(seen.state, 'parked', seen.reason);
      const { waiting = 0, claimed = 0 } = seen.fates;
      return seen.unread === false && seen.walks === 0 && seen.queued === 0 && waiting + claimed === 0;
    },
    withinMs,
  );
}

async function judge(ground: CampaignGround, people: readonly Person[]): Promise<Omit<FireReport, 'killed'>> {
  const { rows: stays } = await ground.store.query<{ profileId: string; fate: string; isCurrent: boolean }>(
    `select mails.profile_id as "profileId", fate,
            exists (select 1 from audience_members where stay_id = mails.stay_id and is_member) as "isCurrent"
       from campaign_mails as mails where job_id = $1`,
    [ground.jobId],
  );
  const emailOf = new Map(people.map(({ id, email }) => [id, email]));
  const accepted = new Map<string, number>();
  const unknown = new Map<string, number>();
  for (const { profileId, fate } of stays) {
    const email = emailOf.get(profileId) ?? '';
    if (fate === 'accepted') accepted.set(email, (accepted.get(email) ?? 0) + 1);
    if (fate === 'unknown') unknown.set(email, (unknown.get(email) ?? 0) + 1);
  }
  const outbox = await ground.outbox();
  const mails = new Map<string, number>();
  for (const { email } of outbox) mails.set(email, (mails.get(email) ?? 0) + 1);
  for (const email of new Set([...mails.keys(), ...accepted.keys()])) {
    const got = mails.get(email) ?? 0;
    const sure = accepted.get(email) ?? 0;
    const most = sure + (unknown.get(email) ?? 0);
    assert.ok(
      got >= sure && got <= most,
      `${email} got ${got} mails for ${sure} accepted stays, and at most ${most}`,
    );
  }
  const fated = new Set(stays.filter(({ isCurrent }) => isCurrent).map(({ profileId }) => profileId));
  const missing = people.filter(({ id, isMember }) => isMember && !fated.has(id));
  assert.deepEqual(missing, [], 'who is a member has a fate of that stay');
  // Nobody who came once gets two mails, whatever the ledger says.
  const staysOf = new Map<string, number>();
  for (const { profileId } of stays) {
    const email = emailOf.get(profileId) ?? '';
    staysOf.set(email, (staysOf.get(email) ?? 0) + 1);
  }
  for (const [email, got] of mails) assert.ok(got <= (staysOf.get(email) ?? 0), `${email} got ${got}`);
  return { fates: await ground.fates(), mails: outbox.length };
}
