import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { ResponsysError, normaliseEndpointUri } from '../../../systems/responsys/index.ts';
import type { Governor } from '../../../systems/responsys/index.ts';
import { refusal, startStub } from './stub.ts';
import type { Asked } from './stub.ts';

const noLists = { body: [] };
const kind = (expected: string) => (error: unknown) =>
  error instanceof ResponsysError && error.kind === expected;

test('all concurrent calls share one login, whose credentials stand percent-encoded in the body', async () => {
  const stub = await startStub(() => noLists);
  await Promise.all(Array.from({ length: 8 }, () => stub.responsys.lists()));
  assert.equal(stub.logins().length, 1);
  const [login] = stub.logins();
  assert.equal(login?.path.includes('?'), false);
  assert.deepEqual(login.body, { user_name: 'ann&co', password: 'p+ä %&=', auth_type: 'password' });
  const calls = stub.asked.filter(({ method }) => method === 'GET');
  assert.ok(calls.every(({ authorization }) => authorization === 'token-1'));
});

test('a login that was made for its own sake is used by later calls, and tells no token', async () => {
  const stub = await startStub(() => noLists);
  const loggedIn = await stub.responsys.logIn();
  assert.deepEqual(Object.keys(loggedIn).sort(), ['endPoint', 'issuedAt']);
  await stub.responsys.lists();
  assert.equal(stub.logins().length, 1);
});

for (const [name, lost] of [
  [
    '401 INVALID_TOKEN',
    refusal(401, 'INVALID_TOKEN', 'Not a valid authentication token', 'Not a valid token'),
  ],
  ['401 TOKEN_EXPIRED', refusal(401, 'TOKEN_EXPIRED', 'Token expired')],
  ['500 of an older host', refusal(500, 'UNEXPECTED_EXCEPTION', 'Not a valid authentication token')],
] as const) {
  test(`a lost token (${name}) brings one new login for all calls that noticed`, async () => {
    const stub = await startStub(({ authorization }) => (authorization === 'token-1' ? lost : noLists));
    await Promise.all(Array.from({ length: 8 }, () => stub.responsys.lists()));
    assert.equal(stub.logins().length, 2);
    assert.equal(stub.log.filter(({ attempt }) => attempt === 2).length, 8);
  });
}

/** Calls, but logins, wait until they are let go. */
function held(): { readonly governor: Governor; readonly waiting: () => number; readonly letGo: () => void } {
  const turn = Promise.withResolvers<undefined>();
  let waiting = 0;
  return {
    governor: {
      run: async (api, _, call) => {
        if (api !== 'Login') {
          waiting += 1;
          await turn.promise;
        }
        return call();
      },
    },
    waiting: () => waiting,
    letGo: () => turn.resolve(undefined),
  };
}

for (const [name, lost, logins] of [
  ['and none of them is refused', ['token-1'], 2],
  ['and bring one new login where that one is lost as well', ['token-1', 'token-2'], 3],
] as const) {
  test(`calls that waited for their turn while the token was renewed go with the new one, ${name}`, async () => {
    const { governor, waiting, letGo } = held();
    const stub = await startStub(
      ({ authorization = '' }) =>
        (lost as readonly string[]).includes(authorization) ? refusal(401, 'TOKEN_EXPIRED') : noLists,
      undefined,
      [],
      governor,
    );
    const calls = Promise.all(Array.from({ length: 8 }, () => stub.responsys.lists()));
    while (waiting() < 8) await wait(1);
    await stub.responsys.logIn();
    letGo();
    await calls;
    assert.equal(stub.logins().length, logins);
    assert.equal(stub.asked.filter(({ authorization }) => authorization === 'token-1').length, 0);
  });
}

test('a token that is refused again after a new login is an error, not a loop', async () => {
  const stub = await startStub(() => refusal(401, 'INVALID_TOKEN'));
  await assert.rejects(stub.responsys.lists(), kind('token'));
  assert.equal(stub.logins().length, 2);
});

for (const [code, expected] of [
  ['API_DISABLED_FOR_USER', 'not-allowed'],
  ['INSUFFICIENT_ACCESS', 'not-allowed'],
  ['API_LIMIT_EXCEEDED', 'throttled'],
] as const) {
  test(`401 ${code} brings no new login`, async () => {
    const stub = await startStub(() => refusal(401, code));
    await assert.rejects(stub.responsys.lists(), kind(expected));
    assert.equal(stub.logins().length, 1);
  });
}

for (const [status, code] of [
  [400, 'INVALID_USER_NAME_PASSWORD'],
  [401, 'PASSWORD_LOCKOUT'],
  [401, 'PASSWORD_NOT_SET_IN_TIME'],
  [401, 'ACCOUNT_SUSPENDED'],
] as const) {
  test(`a login refused with ${code} is not tried again`, async () => {
    const stub = await startStub(
      () => noLists,
      () => refusal(status, code),
    );
    await Promise.allSettled([stub.responsys.lists(), stub.responsys.lists()]);
    await assert.rejects(stub.responsys.lists(), kind('login-refused'));
    await assert.rejects(stub.responsys.logIn(), kind('login-refused'));
    assert.equal(stub.logins().length, 1);
  });
}

test('a login that was throttled is tried again by the next call', async () => {
  let logins = 0;
  const stub = await startStub(
    () => noLists,
    (_, { origin }) =>
      ++logins === 1
        ? refusal(429, 'API_LIMIT_EXCEEDED')
        : { body: { authToken: 't', issuedAt: Date.now(), endPoint: origin } },
  );
  await assert.rejects(stub.responsys.lists(), kind('throttled'));
  await stub.responsys.lists();
});

test('a token is refreshed an hour after it was issued, and by password when the refresh is refused', async (context) => {
  const refreshes: Asked[] = [];
  let refuses = false;
  let tokens = 0;
  const stub = await startStub(
    () => noLists,
    (asked, { origin }) => {
      if (asked.body['auth_type'] === 'token') {
        refreshes.push(asked);
        if (refuses) return refusal(401, 'INVALID_TOKEN');
      }
      return { body: { authToken: `t${++tokens}`, issuedAt: Date.now(), endPoint: origin } };
    },
  );
  await stub.responsys.lists();
  context.after(() => mock.timers.reset());
  mock.timers.enable({ apis: ['Date'], now: Date.now() + 59 * 60_000 });
  await stub.responsys.lists();
  assert.equal(refreshes.length, 0);
  mock.timers.tick(2 * 60_000);
  await Promise.all([stub.responsys.lists(), stub.responsys.lists()]);
  assert.deepEqual(
    refreshes.map(({ authorization }) => authorization),
    ['t1'],
  );
  refuses = true;
  mock.timers.tick(61 * 60_000);
  await stub.responsys.lists();
  assert.deepEqual(
    stub.logins().map(({ body }) => body['auth_type']),
    ['password', 'token', 'token', 'password'],
  );
});

test('a clock that is a day off does not log in for each call', async () => {
  const stub = await startStub(
    () => noLists,
    (_, { origin }) => ({ body: { authToken: 't', issuedAt: Date.now() - 86_400_000, endPoint: origin } }),
  );
  for (let call = 0; call < 3; call++) await stub.responsys.lists();
  assert.equal(stub.logins().length, 1);
});

test('later calls go to the endPoint of the login, and only where a login itself may go', async () => {
  const api = await startStub(() => noLists);
  const sendsOn = () => ({ body: { authToken: 't', issuedAt: Date.now(), endPoint: api.origin } });
  const allowed = await startStub(() => refusal(404, 'RESOURCE_NOT_FOUND'), sendsOn, [api.host]);
  await allowed.responsys.lists();
  assert.equal(api.asked.length, 1);

  const other = await startStub(() => noLists, sendsOn);
  await assert.rejects(
    other.responsys.lists(),
    (error: unknown) =>
      error instanceof ResponsysError && error.kind === 'not-allowed' && error.provesNothingSent,
  );
  assert.equal(api.asked.length, 1);
});

test('a waiting caller is let go by its signal, and the login goes on for the others', async () => {
  const stub = await startStub(() => noLists);
  const stop = new AbortController();
  const left = stub.responsys.lists(stop.signal);
  const stays = stub.responsys.lists();
  stop.abort(new Error('stopped'));
  await assert.rejects(left, /stopped/);
  assert.deepEqual(await stays, []);
});

test('an Endpoint URI is taken with and without https:// and a slash, and only for hosts that may see a login', () => {
  const allowed = ['127.0.0.1:4000'];
  for (const [text, origin] of [
    ['login2.responsys.net', 'https://login2.responsys.net'],
    [' HTTPS://Login.rsys8.net/ ', 'https://login.rsys8.net'],
    ['a1b2-api.responsys.ocs.oraclecloud.com', 'https://a1b2-api.responsys.ocs.oraclecloud.com'],
    ['http://127.0.0.1:4000', 'http://127.0.0.1:4000'],
  ] as const)
    assert.equal(normaliseEndpointUri(text, allowed), origin);
  for (const text of [
    '',
    'login2.responsys.net.example.com',
    'evilresponsys.net',
    'http://login2.responsys.net',
    'login2.responsys.net:8443',
    'login2.responsys.net/rest/api',
    'login2.responsys.net@example.com',
    'http://127.0.0.1:4001',
  ])
    assert.throws(() => normaliseEndpointUri(text, allowed), /expected login2\.responsys\.net/, text);
  assert.throws(
    () => normaliseEndpointUri('https://ann:canary@login2.responsys.net', allowed),
    (error: Error) => !error.message.includes('canary'),
  );
});
