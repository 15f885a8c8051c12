/**
 * The governor as a whole, in real time: two workers, three scanning jobs on an account, two API users and two
 * spellings of its endpoint. Minutes of the clock and sliding minutes are tried side by side, an account each,
 * at a random phase.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { startJob } from '../../client/jobs/start.ts';
import { exportAudienceSchema } from '../../jobs/export-audience.ts';
import { addAuthorization } from '../../systems/store/authorizations.ts';
import { changeMembership, ensureAudience } from '../../systems/store/audiences.ts';
import { openStore, transaction } from '../../systems/store/database.ts';
import { openHashKeys } from '../../systems/store/identities.ts';
import { latestScan } from '../../systems/store/scans.ts';
import { keyFrom } from '../../systems/store/secrets.ts';
import { writeProfiles } from '../../systems/store/profiles.ts';
import { addUserFields } from '../../systems/store/user-fields.ts';
import { freshDatabase } from '../harness/postgres.ts';
import { startSandbox } from '../harness/sandbox.ts';
import type { TestSandbox } from '../harness/sandbox.ts';
import { temporalEnvironment } from '../harness/temporal.ts';
import { startWorker } from '../harness/worker.ts';

const limit = 200;
const minutes = 2;
const merge = 'Merge List Recipients';

const base64Key = randomBytes(32).toString('base64');
const key = keyFrom(base64Key);
const database = await freshDatabase();
const store = await openStore(database.url);
const { address, namespace, environment } = await temporalEnvironment();
after(async () => {
  await environment.teardown();
  await store.end();
  await database.drop();
});

const hashKeys = await openHashKeys(store, key);
await addUserFields(store, new Map([['email', 'string']]));
const audience = await ensureAudience(store, 'Everybody');

/** Lets people enter, and so be told of to every job. */
async function enter(emails: readonly string[]): Promise<void> {
  const people = emails.map((email) => ({
    identities: [{ field: 'email', value: email }] as const,
    fields: { email },
  }));
  await transaction(store, async (own) => {
    const written = await writeProfiles(own, hashKeys, people);
    await changeMembership(
      own,
      audience.id,
      written.map(({ profileId }) => profileId),
      'enter',
    );
  });
}

interface Account {
  readonly name: string;
  readonly sandbox: TestSandbox;
  readonly hosts: readonly string[];
}

async function openAccount(name: string, limitWindow: 'clock' | 'sliding'): Promise<Account> {
  const sandbox = await startSandbox({
    account: { name },
    limits: { [merge]: limit },
    limitWindow,
    latencyMs: { '*': 100 },
  });
  const { port } = new URL(sandbox.login);
  return { name, sandbox, hosts: [...sandbox.allowHosts, `localhost:${port}`] };
}

/** Three jobs, of two authorizations that spell the endpoint in two ways. */
async function startJobs({ name, sandbox }: Account): Promise<readonly string[]> {
  const { port } = new URL(sandbox.login);
  const users = [
    { username: 'sandbox', endpointUri: `http://127.0.0.1:${port}` },
    { username: 'sandbox-second', endpointUri: `HTTP://localhost:${port}/` },
  ];
  for (const { username, endpointUri } of users)
    await addAuthorization(store, key, {
      kind: 'responsys-interact',
      label: `${name} ${username}`,
      description: '',
      username,
      password: 'sandbox-password',
      endpointUri,
    });
  const ids: string[] = [];
  for (const [index, username] of ['sandbox', 'sandbox-second', 'sandbox'].entries()) {
    const configuration = exportAudienceSchema.parse({
      authorization: `${name} ${username}`,
      job: 'export-audience',
      label: `${name} ${index}`,
      audience: 'Everybody',
      list: 'CONTACTS_LIST',
      matchColumn1: 'EMAIL_ADDRESS_',
      // Small ones, so that a scan of few people is of many calls.
      batchSize: 2,
      flushInterval: '1s',
    });
    ids.push((await startJob(store, environment.client, configuration)).id);
  }
  return ids;
}

interface Logged {
  readonly time: string;
  readonly function?: string;
  readonly errorCode?: string;
  readonly user?: string;
}

const logOf = async ({ sandbox }: Account): Promise<readonly Logged[]> =>
  (await readFile(join(sandbox.dataFolder, 'sandbox.sqlite.requests.jsonl'), 'utf8'))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Logged);

test('in real time, minutes of it: two workers with three jobs on an account are never throttled and use its allowance', async (context) => {
  await enter(Array.from({ length: 2_000 }, (_, index) => `scanned${index}@example.com`));
  const accounts = await Promise.all([openAccount('CLOCK', 'clock'), openAccount('SLIDING', 'sliding')]);
  const allowHosts = accounts.flatMap(({ hosts }) => hosts);
  const worker = { databaseUrl: database.url, key: base64Key, allowHosts, address, namespace };
  await Promise.all([startWorker(worker), startWorker(worker)]);

  await wait(Math.random() * 20_000);
  context.diagnostic(`phase: second ${((Date.now() % 60_000) / 1_000).toFixed(1)} of the minute`);
  const jobs = await Promise.all(accounts.map(startJobs));

  // Meanwhile some enter: they are sent while the scans go on, by whichever worker.
  const workersOf = new Map<string, Set<string>>(accounts.map(({ name }) => [name, new Set()]));
  const untilMs = Date.now() + minutes * 60_000 + 5_000;
  let entered = 0;
  while (Date.now() < untilMs) {
    if (Date.now() < untilMs - 15_000) await enter([`live${entered++}@example.com`]);
    const { rows } = await store.query<{ account: string; worker: string }>(
      "select distinct account, worker from governor_slots where account <> '' and worker is not null",
    );
    for (const row of rows) workersOf.get(row.account)?.add(row.worker);
    await wait(4_000);
  }

  for (const [index, account] of accounts.entries()) {
    const log = await logOf(account);
    const throttled = log.filter(({ errorCode }) => errorCode === 'API_LIMIT_EXCEEDED');
    assert.deepEqual(throttled, [], account.name);
    const merges = log.filter((one) => one.function === merge);
    const firstMs = Date.parse(merges[0]?.time ?? '');
    const used = Array.from({ length: minutes }, (_, minute) => {
      const fromMs = firstMs + minute * 60_000;
      return merges.filter(({ time }) => Date.parse(time) >= fromMs && Date.parse(time) < fromMs + 60_000)
        .length;
    });
    context.diagnostic(
      `${account.name}: calls in each minute ${used.join(', ')} of ${limit}; refused for throttling: ${throttled.length} of ${log.length} calls`,
    );
    assert.ok(used.reduce((sum, one) => sum + one, 0) >= 0.95 * limit * minutes, used.join(', '));
    assert.deepEqual([...new Set(merges.map(({ user }) => user))].sort(), ['sandbox', 'sandbox-second']);
    assert.equal(workersOf.get(account.name)?.size, 2, 'both workers called');

    const scans = await Promise.all((jobs[index] ?? []).map((id) => latestScan(store, id)));
    assert.ok(
      scans.every((scan) => scan?.state === 'running'),
      'the scans used the allowance to the end',
    );
    const list = await fetch(`${account.sandbox.login}/_sandbox/lists/CONTACTS_LIST`);
    const arrived = new Set((await list.text()).match(/live\d+@example\.com/g));
    assert.equal(arrived.size, entered, 'who entered meanwhile was sent meanwhile');
  }
});
