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
import { resumeUpdate, statusQuery } from '../../jobs/messages.ts';
import type { ExportStatus } from '../../jobs/messages.ts';
import { relayChanges } from '../../workflows/index.ts';
import { bundleForFire } from '../fire/fire-worker.ts';
import { killOnOrder } from '../fire/kill-on-order.ts';
import type { KillableWorkers } from '../fire/kill-on-order.ts';
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
  /** Points at which workers are killed, one in each act. */
  readonly kills: readonly Point[];
  readonly quietWithinMs: number;
}

export interface FireReport {
  readonly fates: Readonly<Record<string, number>>;
  readonly mails: number;
  /** Mails that went, and whose answer was lost. */
  readonly lost: number;
  readonly killed: readonly Point[];
  readonly met: Readonly<Record<string, number>>;
  /** How often the job had stopped itself, triggers being unanswered, and was resumed. */
  readonly resumed: number;
}

interface Person {
  readonly id: string;
  readonly email: string;
  isMember: boolean;
}

type Job = Awaited<ReturnType<CampaignGround['start']>>;

/**
 * The run is a play in acts, one a kill: in each a part of the people enters, an answer is lost after its mails went,
 * another fault is met, and a worker dies. An act is over when all of that has come about, and restless people keep
 * the job busy until then: however quick the machine, nothing of it is left to time.
 */
export async function runCampaignUnderFire(fire: CampaignFire): Promise<FireReport> {
  const random = randomFrom(fire.seed);
  const folder = mkdtempSync(join(tmpdir(), 'lytics-responsys-campaign-'));
  const codePath = join(folder, 'workflows.js');
  writeFileSync(codePath, (await bundleForFire(true)).code);
  const ground = await openCampaignGround(fire.sandbox, fire.temporal, {
    ...{ backfill: true, batchSize: fire.batchSize, flushInterval: '1s', stopWhenRejected: '100%' },
  });
  const met: Record<string, number> = {};
  let workers: KillableWorkers | undefined;
  const questions = new Set<Promise<unknown>>();
  try {
    const people = await gather(ground, random, fire.people);
    const half = people.slice(0, Math.floor(people.length / 2));
    await change(ground, half, 'enter');
    workers = killOnOrder(ground.places, codePath);
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
    const operator = openOperator(ground, job, questions);
    const absent = people.slice(half.length);
    const atOnce = Math.max(Math.ceil(people.length / 160), 4);
    /** Entries of this act, and people who leave and come back; the latter alone where the entries are used up. */
    const happen = async (entering: Person[]): Promise<void> => {
      await change(ground, entering.splice(0, atOnce), 'enter');
      const restless = Array.from({ length: 3 }, () => random.of(people)).filter((one) => one !== undefined);
      for (const one of new Set(restless)) {
        await change(ground, [one], one.isMember ? 'exit' : 'enter');
        if (random.chance(0.5)) await change(ground, [one], one.isMember ? 'exit' : 'enter');
      }
      await operator.look();
      await wait(random.below(400));
    };
    const { killed } = workers;
    for (const [act, point] of fire.kills.entries()) {
      const entering = absent.splice(0, Math.ceil(absent.length / (fire.kills.length - act)));
      const faults = [lostAnswer(ground), faultOn(random, ground)];
      await fire.sandbox.control('faults', faults);
      const deaths = killed.length;
      // A run that continues as new does so after so many signals: once is enough to wait for.
      workers.order({ point, count: point === 'at continue-as-new' ? 1 : 1 + random.below(3) });
      const since = Date.now();
      let isEased = false;
      while (killed.length === deaths || entering.length > 0 || (await isAwaited(fire.sandbox))) {
        await happen(entering);
        const lastsMs = Date.now() - since;
        // One that this act's traffic does not reach.
        if (killed.length === deaths && !isEased && lastsMs > pointWithinMs) {
          workers.order({ point: 'request sent', count: 1 });
          isEased = true;
        }
        if (lastsMs > fire.quietWithinMs)
          throw new Error(
            `Act ${act + 1} did not end: ${killed.length - deaths} workers died, ` +
              JSON.stringify([await operator.look(), await ground.fates(), workers.exits]),
          );
      }
      for (const { kind } of faults) met[kind] = (met[kind] ?? 0) + 1;
    }
    await untilSettled(ground, fire.quietWithinMs, operator);
    return { ...(await judge(ground, people)), killed, met, resumed: operator.resumed() };
  } catch (error) {
    throw new Error(`Seed ${fire.seed} repeats this run. ${String(error)}`, { cause: error });
  } finally {
    // As long as a worker answers them: a question that is still open when its connection closes is a fault of nobody's.
    await Promise.all(questions);
    await workers?.stop();
    await ground.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

const pointWithinMs = 20_000;

interface Operator {
  /**
   * How the job stands, by the store, which answers whoever is dead. Where unanswered triggers have parked the job, it is
   * resumed; for no other reason it may be. The job itself is asked as well, with nobody waiting for what it says: a
   * question that meets a death is not to harm it.
   */
  look(): Promise<JobStands>;
  /** What only the job itself knows; to be asked when nobody dies any more. */
  ask(): Promise<ExportStatus>;
  resumed(): number;
}

interface JobStands {
  readonly state: string;
  readonly reason: string;
}

/** @param questions those that nobody waits for, until they are answered */
function openOperator(
  { store, jobId }: CampaignGround,
  job: Job,
  questions: Set<Promise<unknown>>,
): Operator {
  let resumed = 0;
  return {
    resumed: () => resumed,
    ask: () => job.query(statusQuery).catch(() => unanswered),
    look: async () => {
      const question: Promise<unknown> = job
        .query(statusQuery)
        .catch(() => undefined)
        .finally(() => questions.delete(question));
      questions.add(question);
      const { rows } = await store.query<JobStands>(
        'select state, state_reason as reason from jobs where id = $1',
        [jobId],
      );
      const [status = { state: '', reason: '' }] = rows;
      if (status.state !== 'parked') return status;
      assert.match(status.reason, /triggers in a row got no answer/);
      await job.executeUpdate(resumeUpdate).then(
        () => (resumed += 1),
        // Resumed by an update that a worker died of.
        (error: unknown) => assert.match(String((error as Error).cause ?? error), /nothing to resume/),
      );
      return status;
    },
  };
}

/** By no worker that lives. */
const unanswered: ExportStatus = {
  ...{ state: 'checking', reason: '', scanning: true, queued: -1, nextFlushAt: null, refusedItems: 0 },
};

interface Fault {
  readonly kind: string;
  readonly on: string;
  readonly match: string;
  readonly after: number;
  readonly ms: number;
}

const lostAnswer = ({ campaign }: CampaignGround): Fault => ({
  ...{ kind: 'reset-after', on: 'Trigger Email Message', match: campaign, after: 0, ms: 0 },
});

const isAwaited = async (sandbox: TestSandbox): Promise<boolean> =>
  ((await sandbox.control('faults')) as readonly unknown[]).length > 0;

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

function faultOn(random: Random, { campaign, list }: CampaignGround): Fault {
  const isTrigger = random.chance(0.7);
  const kind =
    random.of(['reset-before', 'reset-after', 'delay-after', 'status-500', 'throttle', 'token-loss']) ??
    'throttle';
  return {
    kind,
    on: isTrigger ? 'Trigger Email Message' : 'Merge List Recipients',
    match: isTrigger ? campaign : list,
    // Never met by the call whose answer is lost, which it would keep from its work.
    after: 1 + random.below(2),
    ms: kind === 'delay-after' ? 200 + random.below(1_000) : 0,
  };
}

/** Every stay that was heard of has a fate that lasts, and nothing is left to be heard of. */
async function untilSettled(ground: CampaignGround, withinMs: number, operator: Operator): Promise<void> {
  const look = async () => {
    const { rows } = await ground.store.query<{ unread: boolean; walks: number }>(
      `select exists (select 1 from changes, relay_positions as read
                       where read.job_id = $1 and (changes.tx, changes.no) > (read.tx, read.no)) as unread,
              (select count(*) from scans where job_id = $1 and state = 'running') as walks`,
      [ground.jobId],
    );
    const { state, reason } = await operator.look();
    const { queued, scanning } = await operator.ask();
    return { ...rows[0], queued, scanning, state, reason, fates: await ground.fates() };
  };
  await until(
    look,
    (seen: Awaited<ReturnType<typeof look>>) => {
      const { waiting = 0, claimed = 0 } = seen.fates;
      return seen.unread === false && seen.walks === 0 && seen.queued === 0 && waiting + claimed === 0;
    },
    withinMs,
  );
}

async function judge(
  ground: CampaignGround,
  people: readonly Person[],
): Promise<Pick<FireReport, 'fates' | 'mails' | 'lost'>> {
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
  let lost = 0;
  for (const email of new Set([...mails.keys(), ...accepted.keys()])) {
    const got = mails.get(email) ?? 0;
    const sure = accepted.get(email) ?? 0;
    lost += got - sure;
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
  const fates = await ground.fates();
  assert.equal(outbox.length, (fates['accepted'] ?? 0) + lost, 'each mail was accepted, or its answer lost');
  assert.equal(
    Object.values(fates).reduce((sum, count) => sum + count, 0),
    stays.length,
    'each stay has a fate',
  );
  assert.deepEqual(
    Object.keys(fates).filter((fate) => fate === 'waiting' || fate === 'claimed'),
    [],
    'no fate is yet to come',
  );
  return { fates, mails: outbox.length, lost };
}
