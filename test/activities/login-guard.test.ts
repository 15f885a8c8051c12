import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client, Connection } from '@temporalio/client';
import { pino } from 'pino';
import { loginGuard } from '../../activities/login-guard.ts';
import { ResponsysError, errorOfRefusal } from '../../systems/responsys/index.ts';
import { openStore } from '../../systems/store/database.ts';
import type { Pool } from '../../systems/store/database.ts';
import { freshDatabase } from '../harness/postgres.ts';

let database: Awaited<ReturnType<typeof freshDatabase>>;
/** As of two workers. */
let stores: Pool[];
before(async () => {
  database = await freshDatabase();
  stores = [await openStore(database.url), await openStore(database.url)];
});
after(async () => {
  await Promise.all(stores.map((store) => store.end()));
  await database.drop();
});

const refusal = {
  kind: 'login-refused',
  errorCode: 'PASSWORD_LOCKOUT',
  message: 'Responsys refused the login (PASSWORD_LOCKOUT)',
} as const;

/** There is no job to be told: nothing connects to Temporal. */
const temporal = new Client({ connection: Connection.lazy() });

const guards = (authorizationId: string, version: number) =>
  stores.map((store) =>
    loginGuard({ store, temporal, log: pino({ level: 'silent' }) }, authorizationId, version),
  );

async function authorize(id: string): Promise<void> {
  await stores[0]?.query(
    `insert into authorizations (id, kind, label, settings, sealed_secrets)
     values ($1, 'responsys-interact', $1, '{}', '')`,
    [id],
  );
}

test('of many logins at once on two workers one is refused, and none is made again before an update (real concurrency)', async () => {
  await authorize('refused');
  let made = 0;
  const attempt = async (): Promise<never> => {
    made += 1;
    await new Promise((answer) => setTimeout(answer, 50));
    throw errorOfRefusal(refusal);
  };
  const tries = [...guards('refused', 1), ...guards('refused', 1), ...guards('refused', 1)];
  for (const settled of await Promise.allSettled(tries.map((guard) => guard(attempt)))) {
    assert.equal(settled.status, 'rejected');
    assert.ok(settled.reason instanceof ResponsysError);
    const { kind, errorCode, message } = settled.reason;
    assert.deepEqual({ kind, errorCode, message }, refusal);
  }
  assert.equal(made, 1);
  const [updated] = guards('refused', 2);
  assert.equal(await updated?.(() => Promise.resolve('a token')), 'a token');
  // Who still has the version of before is not let in by that.
  await assert.rejects(guards('refused', 1)[0]?.(attempt) ?? Promise.resolve(), ResponsysError);
  assert.equal(made, 1);
});

test('what is no refusal is not remembered', async () => {
  await authorize('unlucky');
  const [guard] = guards('unlucky', 1);
  const unavailable = new ResponsysError('service', 'Responsys could not log in (HTTP 503)', { status: 503 });
  await assert.rejects(guard?.(() => Promise.reject(unavailable)) ?? Promise.resolve(), unavailable);
  assert.equal(await guard?.(() => Promise.resolve('a token')), 'a token');
});
