/**
 * A hard day in minutes, with real processes: tokens expire, the password is changed, Responsys throttles and
 * is maintained, and the worker is replaced by another, while an audience is scanned and changes. A person
 * does one thing, `authorizations update`; the live details tell the rest.
 *
 * `HARD_DAY_MEMBERS=5000 HARD_DAY_CHANGES=300` makes a short one. It is made only where it is asked for.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { startJob } from '../../client/jobs/start.ts';
import { exportAudienceWorkflowId } from '../../jobs/job-id.ts';
import { authorizationVariable, environmentForChildren } from '../../systems/environment.ts';
import { ensureAudience } from '../../systems/store/audiences.ts';
import { openStore } from '../../systems/store/database.ts';
import { openHashKeys } from '../../systems/store/identities.ts';
import { latestScan } from '../../systems/store/scans.ts';
import { keyFrom } from '../../systems/store/secrets.ts';
import { addUserFields } from '../../systems/store/user-fields.ts';
import { freshDatabase } from '../harness/postgres.ts';
import { startSandbox } from '../harness/sandbox.ts';
import { temporalEnvironment } from '../harness/temporal.ts';
import { startWorker } from '../harness/worker.ts';
import { addSandboxAuthorization, configurationFor } from './job.ts';
import { gather } from './people.ts';
import { randomFrom } from './random.ts';
import { heldBy, untilQuiet } from './rest.ts';
import { readStory } from './story.ts';
import { assertLedger, differences } from './verdict.ts';

const { HARD_DAY_MEMBERS, HARD_DAY_CHANGES } = process.env;
const memberCount = Number(HARD_DAY_MEMBERS ?? 50_000);
const changeCount = Number(HARD_DAY_CHANGES ?? 2_000);
const isShort = memberCount < 20_000;

/** So that the scan takes all day. */
const batchSize = isShort ? 100 : 200;
const requestsPerMinute = isShort ? 40 : 60;
const changesForMs = isShort ? 75_000 : 300_000;
/** Longer than a throttled function rests: a maintenance that nobody calls into is noticed by nobody. */
const maintenanceMs = 75_000;
const merge = 'Merge List Recipients';

interface Logged {
  readonly time: string;
  readonly function?: string;
  readonly status: number;
  readonly errorCode?: string;
  readonly correlationId: string;
}

const unlessAsked = HARD_DAY_MEMBERS === undefined ? 'HARD_DAY_MEMBERS is not set' : false;

test(
  `a hard day of ${memberCount} members and ${changeCount} changes needs a person for the password alone`,
  { skip: unlessAsked },
  async (context) => {
    const base64Key = randomBytes(32).toString('base64');
    const key = keyFrom(base64Key);
    const database = await freshDatabase();
    const store = await openStore(database.url);
    const { address, namespace, environment } = await temporalEnvironment();
    context.after(async () => {
      await environment.teardown();
      await store.end();
      await database.drop();
    });
    const list = `L${randomBytes(5).toString('hex')}`;
    const sandbox = await startSandbox({
      lists: [{ name: list, folder: 'Lytics', fields: [] }],
      limits: { '*': 1_000_000, [merge]: requestsPerMinute },
      latencyMs: { '*': 100 },
    });
    const logged = async (): Promise<readonly Logged[]> =>
      (await readFile(join(sandbox.dataFolder, 'sandbox.sqlite.requests.jsonl'), 'utf8'))
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Logged);
    const refused = async (errorCode: string): Promise<number> =>
      (await logged()).filter((one) => one.errorCode === errorCode).length;

    const hashKeys = await openHashKeys(store, key);
    await addUserFields(store, new Map(['email', 'customer_id', 'tier'].map((name) => [name, 'string'])));
    const [source, other] = [await ensureAudience(store, 'Source'), await ensureAudience(store, 'Other')];
    const audiences = { source: source.id, other: other.id };
    const people = await gather({ store, hashKeys, audiences }, randomFrom(1), memberCount);
    await addSandboxAuthorization(store, key, sandbox);

    const worker = {
      databaseUrl: database.url,
      key: base64Key,
      allowHosts: sandbox.allowHosts,
      address,
      namespace,
    };
    const first = await startWorker(worker);
    const { id } = await startJob(
      store,
      environment.client,
      configurationFor(list, 'A hard day', { batchSize, flushInterval: '10s' }),
    );
    const story = readStory(environment.client.workflow.getHandle(exportAudienceWorkflowId(id)));
    const changing = (async () => {
      while (people.changes < changeCount) {
        await people.changeSomebody();
        await wait(changesForMs / changeCount);
      }
    })();
    // Awaited below; a change that fails while a stage is awaited is no unhandled rejection.
    changing.catch(() => undefined);

    try {
      await story.untilTold(/Scanning the audience/, 60_000);
      await sandbox.control('config', { tokenLifetimeMs: 1 });
      while ((await refused('TOKEN_EXPIRED')) === 0) await wait(100);
      await sandbox.control('config', { tokenLifetimeMs: 2 * 60 * 60_000 });

      const password = 'another-password';
      await sandbox.control('config', { users: { [sandbox.username]: { password } } });
      await sandbox.control('faults', { kind: 'token-loss' });
      const parked = await story.untilTold(/### Parked/, 60_000);
      assert.equal(parked.match(/^> /gm)?.length, 1, `one clear line:\n${parked}`);
      const refusedLogins = await refused('INVALID_USER_NAME_PASSWORD');
      assert.ok(refusedLogins > 0, 'the new password is what parked it');
      await wait(5_000);
      assert.equal(
        await refused('INVALID_USER_NAME_PASSWORD'),
        refusedLogins,
        'a refused login is not tried again',
      );
      const told = await promisify(execFile)(
        process.execPath,
        [
          join(import.meta.dirname, '..', '..', 'client', 'main.ts'),
          ...['authorizations', 'update', 'Sandbox', '--from-env'],
        ],
        {
          env: {
            ...environmentForChildren(),
            LYTICS_RESPONSYS_DATABASE_URL: database.url,
            LYTICS_RESPONSYS_KEY: base64Key,
            LYTICS_RESPONSYS_ALLOW_HOSTS: sandbox.allowHosts.join(','),
            TEMPORAL_ADDRESS: address,
            TEMPORAL_NAMESPACE: namespace,
            [authorizationVariable('password')]: password,
          },
        },
      );
      assert.match(told.stdout, /Jobs that it had parked go on/);
      await story.untilTold(/### Scanning the audience/, 60_000);

      await sandbox.control('faults', { kind: 'throttle', on: merge, times: 3 });
      await story.untilTold(/Responsys throttled/, 180_000);

      await sandbox.control('faults', { kind: 'maintenance', ms: maintenanceMs });
      await story.untilTold(/### Waiting for Responsys/, 120_000);
      await story.untilTold(/### Scanning the audience/, 120_000);

      const replacedAt = new Date().toISOString();
      await startWorker(worker);
      first.process.kill('SIGTERM');
      assert.equal((await first.exited).code, 0, 'the worker before ends well');
      assert.equal((await latestScan(store, id))?.state, 'running', 'the scan was under way then');

      await changing;
      await untilQuiet(store, environment.client, id, 600_000);
      await story.untilTold(/### Following the audience/, 60_000);

      const held = await heldBy(sandbox, list);
      const found = differences(people.all, held);
      assert.equal(found.length, 0, `${found.length} differences:\n${found.slice(0, 10).join('\n')}`);
      await assertLedger(store, id, people.all, held);

      // Merges are idempotent, but cost the account's allowance: those of pages that a worker did not finish.
      const done = (await logged()).filter(
        (one) => one.time >= replacedAt && one.function?.startsWith('Merge') === true && one.status === 200,
      );
      const { rows } = await store.query<{ correlation_id: string }>('select correlation_id from requests');
      const written = new Set(rows.map((row) => row.correlation_id));
      const again = done.filter((one) => !written.has(one.correlationId)).length;
      context.diagnostic(
        `merges since the worker was replaced: ${done.length}; ${again} of them were made again`,
      );
      context.diagnostic(`tokens that expired: ${await refused('TOKEN_EXPIRED')}`);
    } finally {
      await story.end();
      for (const line of story.lines) context.diagnostic(line);
    }
  },
);
