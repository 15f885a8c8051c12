/** `accounts` on a store in which two workers share an account. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { openStore } from '../../systems/store/database.ts';
import { openBudget } from '../../systems/store/governor.ts';
import { freshDatabase } from '../harness/postgres.ts';

const database = await freshDatabase();
const store = await openStore(database.url);
after(async () => {
  await store.end();
  await database.drop();
});

/** Long, so that nothing comes free while a command starts. */
const windowMs = 600_000;

const main = join(import.meta.dirname, '..', '..', 'client', 'main.ts');
const env = { ...process.env, LYTICS_RESPONSYS_DATABASE_URL: database.url };
const run = (...args: string[]): Promise<{ stdout: string }> =>
  promisify(execFile)(process.execPath, [main, 'accounts', ...args], { env });

test('an account is shown with its limits, its use and who waits; one that is not there is said to be not there', async () => {
  const api = 'Merge List Recipients';
  const limited = { account: 'ACME', api, assumedLimit: 1_000 };
  const first = openBudget(store, 'host/1', windowMs);
  await first.saveLimits('ACME', [{ api, functions: [api], callsPerMinute: 4 }]);
  const ask = { endedAgoMs: [], settled: [], blockMs: 0, wants: { live: 3, bulk: 0 }, waiting: [] };
  const { leaseId } = await first.take(limited, ask);
  const settled = [{ leaseId, slots: 2 }];
  await first.take(limited, {
    ...ask,
    wants: { live: 0, bulk: 0 },
    settled,
    endedAgoMs: [5, 9],
  });
  // A waiting worker asks again and again; Responsys has throttled, so that it gets nothing.
  const waiting = [{ lane: 'bulk', jobId: 'a1b2c3d4e5', calls: 6 }] as const;
  const blocked = { ...ask, wants: { live: 0, bulk: 6 }, waiting, blockMs: 600_000 };
  const asking = setInterval(() => void openBudget(store, 'host/2').take(limited, blocked), 500);

  const { stdout } = await run('show', 'ACME', '--json').finally(() => clearInterval(asking));
  const shown = JSON.parse(stdout) as { functions: readonly { throttledUntil: string }[] };
  const [{ throttledUntil } = { throttledUntil: '' }] = shown.functions;
  assert.ok(Date.parse(throttledUntil) > Date.now() + 500_000);
  const waits = [{ lane: 'bulk', job: 'a1b2c3d4e5', worker: 'host/2', calls: 6 }];
  assert.deepEqual(shown.functions, [
    {
      function: api,
      callsPerMinute: 4,
      isAssumed: false,
      used: 2,
      leased: 1,
      throttledUntil,
      waiting: waits,
    },
  ]);
  assert.match((await run('show')).stdout, /ACME: limits read .*\n.*function/);
  assert.match((await run('list')).stdout, /ACME/);
  await assert.rejects(run('show', 'NOBODY'), { code: 5, stderr: /NOT_FOUND {2}account: .*"NOBODY"/ });
});
