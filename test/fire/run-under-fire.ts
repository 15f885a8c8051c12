/**
 * One run: a job over 500 people and more, changed 200 times and more while Responsys fails and workers are
 * killed; then, when all is quiet, what Responsys holds is compared with what should be.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { Client, Connection, WorkflowIdConflictPolicy } from '@temporalio/client';
import { exportAudienceWorkflowId, newJobId, relayWorkflowId, taskQueue } from '../../jobs/job-id.ts';
import { ensureAudience } from '../../systems/store/audiences.ts';
import { openStore, transaction } from '../../systems/store/database.ts';
import type { Pool } from '../../systems/store/database.ts';
import { openHashKeys } from '../../systems/store/identities.ts';
import { addJob } from '../../systems/store/jobs.ts';
import { keyFrom } from '../../systems/store/secrets.ts';
import { addUserFields } from '../../systems/store/user-fields.ts';
import { exportAudience, relayChanges } from '../../workflows/index.ts';
import { freshDatabase } from '../harness/postgres.ts';
import type { TestSandbox } from '../harness/sandbox.ts';
import type { FireWorkerOptions } from './fire-worker.ts';
import { addSandboxAuthorization, configurationFor } from './job.ts';
import type { RunningWorkers } from './keep-killing.ts';
import { gather } from './people.ts';
import { randomFrom } from './random.ts';
import type { Random } from './random.ts';
import { heldBy, untilQuiet } from './rest.ts';
import { assertLedger, differences } from './verdict.ts';

export interface Ground {
  readonly seed: number;
  readonly sandbox: TestSandbox;
  readonly address: string;
  readonly namespace: string;
  /** Keeps a worker running, however it does, until it is stopped. */
  startWorkers(options: FireWorkerOptions, random: Random): Promise<RunningWorkers>;
}

const peopleCount = 540;
const changeCount = 210;
/** As many are made at most while workers have not yet died as often as they are to. */
const mostChanges = 20 * changeCount;
const quietWithinMs = 240_000;

export async function runUnderFire(ground: Ground): Promise<void> {
  const { seed, sandbox, address, namespace } = ground;
  const random = randomFrom(seed);
  const database = await freshDatabase();
  const store = await openStore(database.url);
  const connection = await Connection.connect({ address });
  const temporal = new Client({ connection, namespace });
  const list = `L${randomBytes(5).toString('hex')}`;
  let workers: RunningWorkers | undefined;
  try {
    await sandbox.control('config', { lists: [{ name: list, folder: 'Lytics', fields: [] }] });
    const key = randomBytes(32).toString('base64');
    const hashKeys = await openHashKeys(store, keyFrom(key));
    await addUserFields(store, new Map(['email', 'customer_id', 'tier'].map((name) => [name, 'string'])));
    const source = await ensureAudience(store, 'Source');
    const other = await ensureAudience(store, 'Other');
    const people = await gather(
      { store, hashKeys, audiences: { source: source.id, other: other.id } },
      random,
      peopleCount,
    );
    const jobId = await startJob(store, keyFrom(key), temporal, ground, list, [source.id, other.id]);
    workers = await ground.startWorkers(
      { databaseUrl: database.url, key, allowHosts: sandbox.allowHosts, address, namespace },
      random,
    );
    while (people.changes < changeCount || (workers.dieAgain && people.changes < mostChanges)) {
      if (random.chance(0.12)) await sandbox.control('faults', faultOn(random, list));
      for (let some = random.below(6); some >= 0; some--) await people.changeSomebody();
      await wait(random.below(120));
    }
    await untilQuiet(store, temporal, jobId, quietWithinMs);
    const held = await heldBy(sandbox, list);
    const found = differences(people.all, held);
    assert.equal(found.length, 0, `${found.length} differences:\n${found.slice(0, 10).join('\n')}`);
    await assertLedger(store, jobId, people.all, held);
  } catch (error) {
    throw new Error(`Seed ${seed}: SEED=${seed} repeats this run. ${String(error)}`, { cause: error });
  } finally {
    await workers?.stop();
    await temporal.workflow
      .getHandle(relayWorkflowId)
      .terminate()
      .catch(() => undefined);
    await connection.close();
    await store.end();
    await database.drop();
  }
}

async function startJob(
  store: Pool,
  key: ReturnType<typeof keyFrom>,
  temporal: Client,
  { sandbox, seed }: Ground,
  list: string,
  [sourceAudienceId = '', otherAudienceId = '']: readonly string[],
): Promise<string> {
  const authorization = await addSandboxAuthorization(store, key, sandbox);
  const random = randomFrom(seed ^ 0x5eed);
  const id = newJobId(() => random.below(256));
  const configuration = configurationFor(list, 'Under fire', { batchSize: 40, flushInterval: '1s' });
  await transaction(store, (database) =>
    addJob(database, {
      id,
      configuration,
      authorizationId: authorization.id,
      sourceAudienceId,
      exportedAudienceIds: [sourceAudienceId, otherAudienceId],
    }),
  );
  await temporal.workflow.start(exportAudience, {
    workflowId: exportAudienceWorkflowId(id),
    taskQueue,
    args: [{ jobId: id, batchSize: 40, flushIntervalMs: 300, signalsPerRun: 8 }],
  });
  await temporal.workflow.start(relayChanges, {
    workflowId: relayWorkflowId,
    taskQueue,
    workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
  });
  return id;
}

function faultOn(random: Random, list: string): object {
  const kind = random.of([
    'reset-before',
    'reset-after',
    'reset-after',
    'delay-after',
    'delay-after',
    'status-500',
    'throttle',
    'token-loss',
  ]);
  return {
    kind,
    on: random.of(['Merge List Recipients', 'Merge Profile Extension Recipients']),
    match: list,
    after: random.below(8),
    ms: kind === 'delay-after' ? 200 + random.below(1_800) : 0,
  };
}
