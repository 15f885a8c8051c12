/** The governor on a real PostgreSQL, with connections of their own for what would be two workers. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { AccountFunction, Caller, Governor } from '../../../systems/responsys/index.ts';
import { ResponsysError, openGovernors } from '../../../systems/responsys/index.ts';
import { summariseAccounts } from '../../../systems/store/accounts.ts';
import { addAuthorization } from '../../../systems/store/authorizations.ts';
import { openStore } from '../../../systems/store/database.ts';
import type { Pool } from '../../../systems/store/database.ts';
import { openBudget } from '../../../systems/store/governor.ts';
import { keyFrom } from '../../../systems/store/secrets.ts';
import { freshDatabase } from '../../harness/postgres.ts';

const merge = 'Merge List Recipients';
const database = await freshDatabase();
const stores: Pool[] = [];
let store: Pool;
before(async () => {
  store = await openStore(database.url);
  stores.push(store);
});
after(async () => {
  await Promise.all(stores.map((one) => one.end()));
  await database.drop();
});

interface Account {
  readonly name: string;
  readonly limits: readonly AccountFunction[];
  /** How often it was asked for its name and its limits. */
  asked: number;
}

const accountWith = (callsPerMinute: number): Account => ({
  name: `ACCOUNT_${randomBytes(4).toString('hex')}`,
  limits: [{ api: 'Merge members', functions: [merge], callsPerMinute }],
  asked: 0,
});

async function authorization(): Promise<string> {
  const label = randomBytes(4).toString('hex');
  const key = keyFrom(randomBytes(32).toString('base64'));
  const fields = {
    label,
    description: '',
    username: 'a',
    password: 'b',
    endpointUri: 'login2.responsys.net',
  };
  return (await addAuthorization(store, key, { kind: 'responsys-interact', ...fields })).id;
}

/** A worker of its own: pool, lines and all. */
async function worker(
  account: Account,
  windowMs?: number,
  id?: string,
): Promise<{ readonly governor: Governor; readonly pool: Pool; close(): Promise<void> }> {
  const pool = await openStore(database.url);
  stores.push(pool);
  const governors = openGovernors(openBudget(pool, randomBytes(4).toString('hex'), windowMs), windowMs);
  const governor = governors.of(
    { id: id ?? (await authorization()), version: 1 },
    {
      accountName: () => {
        account.asked += 1;
        return Promise.resolve(account.name);
      },
      limits: () => {
        account.asked += 1;
        return Promise.resolve(account.limits);
      },
    },
  );
  return { governor, pool, close: () => governors.close() };
}

const live: Caller = { lane: 'live' };
const bulk: Caller = { lane: 'bulk', jobId: 'scan' };
const at = (): Promise<number> => Promise.resolve(performance.now());

test('in real time: two workers use one allowance, and no window holds more', async () => {
  const [windowMs, limit] = [1_500, 30];
  const account = accountWith(limit);
  const workers = [await worker(account, windowMs), await worker(account, windowMs)];
  const calls: { readonly beganMs: number; endedMs: number }[] = [];
  const startedMs = performance.now();
  const untilMs = startedMs + 4 * windowMs;
  const loop = async (governor: Governor, caller: Caller): Promise<void> => {
    while (performance.now() < untilMs)
      await governor.run(merge, caller, async () => {
        const call = { beganMs: performance.now(), endedMs: Infinity };
        calls.push(call);
        await wait(Math.random() * 60);
        call.endedMs = performance.now();
      });
  };
  await Promise.all(
    workers.flatMap(({ governor }) => [bulk, bulk, bulk, live].map((caller) => loop(governor, caller))),
  );
  for (const { endedMs: fromMs } of calls) {
    const within = calls.filter((one) => one.endedMs >= fromMs && one.beganMs < fromMs + windowMs);
    assert.ok(within.length <= limit, `${within.length} calls within one window`);
  }
  // How much of an allowance is used shows in minutes (test/workers/governor.long.ts); here, that slots come back.
  assert.ok(calls.length > limit, `${calls.length} calls`);
});

test('live goes before bulk that has waited for longer, in another worker too', async () => {
  const account = accountWith(2);
  const [one, other] = [await worker(account, 8_000), await worker(account, 8_000)];
  const order: string[] = [];
  const call = (name: string) => (): Promise<void> => Promise.resolve(void order.push(name));
  await Promise.all([
    one.governor.run(merge, live, call('first')),
    one.governor.run(merge, live, call('second')),
  ]);
  const waiting = [
    one.governor.run(merge, bulk, call('bulk')),
    one.governor.run(merge, bulk, call('bulk')),
    wait(100).then(() => other.governor.run(merge, live, call('live'))),
    wait(100).then(() => other.governor.run(merge, live, call('live'))),
  ];
  await wait(2_500);
  const [shown] = await summariseAccounts(store, account.name);
  const waits = shown?.functions.flatMap((fn) =>
    fn.waiting.map(({ lane, job, calls }) => [lane, job, calls]),
  );
  assert.deepEqual(waits, [
    ['live', '', 2],
    ['bulk', 'scan', 2],
  ]);
  await Promise.all(waiting);
  assert.deepEqual(order, ['first', 'second', 'live', 'live', 'bulk', 'bulk']);
});

test('an account is asked once for its name and limits, and whoever comes later knows them', async () => {
  const account = accountWith(7);
  const id = await authorization();
  for (let time = 0; time < 2; time++) {
    const one = await worker(account, undefined, id);
    await Promise.all([
      one.governor.run(merge, live, at),
      one.governor.run('Retrieve Profile Lists', live, at),
    ]);
    await one.close();
  }
  assert.equal(account.asked, 2);
  const [shown] = await summariseAccounts(store, account.name);
  const functions = shown?.functions.map((fn) => [
    fn.function,
    fn.callsPerMinute,
    fn.isAssumed,
    fn.used,
    fn.leased,
  ]);
  assert.deepEqual(functions, [
    ['Merge members', 7, false, 2, 0],
    ['Retrieve Profile Lists', 100, true, 2, 0],
  ]);
});

test('when Responsys throttles all the same, every worker leaves that function alone for a window', async () => {
  const account = accountWith(50);
  const [one, other] = [await worker(account, 5_000), await worker(account, 5_000)];
  await other.governor.run(merge, live, at);
  const throttled = new ResponsysError('throttled', 'throttled');
  const startedMs = performance.now();
  await assert.rejects(
    one.governor.run(merge, live, () => Promise.reject(throttled)),
    throttled,
  );
  await wait(500);
  await other.governor.run('Retrieve Profile Lists', live, at);
  assert.ok(performance.now() - startedMs < 5_000, 'another function waits for nothing');
  assert.ok((await other.governor.run(merge, live, at)) - startedMs > 4_900);
});

test('at the limit of Responsys’ own capacity nobody waits in line for ten minutes: they are told', async () => {
  const account = accountWith(50);
  const [one, other] = [await worker(account), await worker(account)];
  const capacity = new ResponsysError('capacity', 'capacity');
  await assert.rejects(
    one.governor.run(merge, live, () => Promise.reject(capacity)),
    capacity,
  );
  await wait(100);
  await assert.rejects(
    other.governor.run(merge, live, () => assert.fail('was called')),
    { kind: 'capacity', retried: true, provesNothingSent: true },
  );
});

test('one who gives up leaves at once, waiting or under way, and the slot of a call that was made stays used', async () => {
  const account = accountWith(1);
  const { governor } = await worker(account, 500);
  await governor.run('Retrieve Profile Lists', live, at);
  const leaving = new AbortController();
  const startedMs = performance.now();
  const begun = Promise.withResolvers<undefined>();
  const underWay = governor.run(
    merge,
    live,
    () => {
      begun.resolve(undefined);
      return wait(100);
    },
    leaving.signal,
  );
  const waiting = governor.run(merge, live, () => assert.fail('was called'), leaving.signal);
  const staying = governor.run(merge, live, at);
  void begun.promise.then(() => leaving.abort(new Error('gave up')));
  await assert.rejects(underWay, /gave up/);
  await assert.rejects(waiting, /gave up/);
  assert.ok((await staying) - startedMs >= 600);
});

test('the slots of a worker that died come free when its lease ends, not before', async () => {
  const budget = openBudget(store, 'survivor');
  const limited = { account: 'DEATHS', api: merge, assumedLimit: 2 };
  const ask = { endedAgoMs: [], settled: [], blockMs: 0, wants: { live: 2, bulk: 0 }, waiting: [] };
  assert.equal((await openBudget(store, 'dead').take(limited, ask)).granted.live, 2);
  const later = (seconds: number): Promise<unknown> =>
    store.query(
      "update governor_slots set free_at = free_at - $1 * interval '1 second' where account = 'DEATHS'",
      [seconds],
    );
  // It may have called just before, have had its answer a minute later, and have been counted then.
  await later(120);
  assert.equal((await budget.take(limited, ask)).granted.live, 0);
  await later(10);
  assert.equal((await budget.take(limited, ask)).granted.live, 2);
});

test('without the store nothing is called, and the caller may try again', async () => {
  const { governor, pool } = await worker(accountWith(5));
  await governor.run(merge, live, at);
  await pool.end();
  stores.splice(stores.indexOf(pool), 1);
  await assert.rejects(
    governor.run(merge, live, () => assert.fail('was called')),
    { code: 'SERVICE_UNAVAILABLE' },
  );
});
