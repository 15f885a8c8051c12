import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { members, newFolder, removeFolder, startSandbox } from './running.ts';
import type { Running } from './running.ts';

describe('logging in to the sandbox', () => {
  const folder = newFolder();
  let sandbox: Running;
  before(async () => {
    sandbox = await startSandbox(folder);
  });
  beforeEach(() => sandbox.fresh());
  after(async () => {
    await sandbox.stop();
    removeFolder(folder);
  });

  const password = (word = sandbox.password, user = sandbox.username) =>
    sandbox.token({ user_name: user, password: word, auth_type: 'password' });
  const issued = (json: unknown) => json as { authToken: string; issuedAt: number; endPoint: string };
  const withToken = (token: string) => sandbox.call('GET', '/user/info', undefined, { authorization: token });

  it('answers token, time in milliseconds and the API port', async () => {
    const reply = await password();
    const { authToken, issuedAt, endPoint } = issued(reply.json);
    assert.equal(reply.status, 200);
    assert.match(authToken, /^E[\w-]{53}$/);
    assert.ok(Math.abs(issuedAt - Date.now()) < 10_000);
    assert.equal(endPoint, sandbox.api);
    assert.ok(reply.correlationId);
    assert.equal((await withToken(authToken)).status, 200);
  });

  it('renews a token on both ports, and logs in by password only on the login port', async () => {
    const { authToken } = issued((await password()).json);
    for (const origin of [sandbox.login, sandbox.api]) {
      const reply = await sandbox.token({ auth_type: 'token' }, origin, { authorization: authToken });
      assert.equal(reply.status, 200);
      assert.notEqual(issued(reply.json).authToken, authToken);
    }
    const form = { user_name: sandbox.username, password: sandbox.password, auth_type: 'password' };
    assert.equal((await sandbox.token(form, sandbox.api)).status, 400);
  });

  it('knows no API call on the login port', async () => {
    const { authToken } = issued((await password()).json);
    const response = await fetch(`${sandbox.login}/rest/api/v1.3/lists`, {
      headers: { authorization: authToken },
    });
    assert.equal(response.status, 404);
    assert.equal(((await response.json()) as { errorCode: string }).errorCode, 'RESOURCE_NOT_FOUND');
  });

  it('refuses a wrong password, unknown users, and credentials in the URL', async () => {
    const wrong = await password('nearly');
    assert.equal(wrong.status, 400);
    assert.deepEqual(wrong.json, {
      type: '',
      title: 'Invalid username or password',
      errorCode: 'INVALID_USER_NAME_PASSWORD',
      detail: '',
      errorDetails: [],
    });
    assert.equal((await password(sandbox.password, 'toString')).errorCode, 'INVALID_USER_NAME_PASSWORD');
    const inUrl = `${sandbox.login}/rest/api/v1.3/auth/token?user_name=sandbox&password=sandbox-password&auth_type=password`;
    const response = await fetch(inUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    assert.equal(response.status, 400);
  });

  it('locks a user after five wrong passwords until it is unlocked', async () => {
    for (let times = 0; times < 5; times += 1) await password('nearly');
    const locked = await password();
    assert.deepEqual([locked.status, locked.errorCode], [401, 'PASSWORD_LOCKOUT']);
    assert.equal((await password(sandbox.password, 'sandbox-second')).status, 200);
    await sandbox.control('POST', 'unlock', { username: sandbox.username });
    assert.equal((await password()).status, 200);
  });

  it('takes a changed password at once', async () => {
    await sandbox.control('POST', 'config', { users: { sandbox: { password: 'new' } } });
    assert.equal((await password()).status, 400);
    assert.equal((await password('new')).status, 200);
  });

  it('refuses tokens that are unknown, prefixed or expired', async () => {
    const { authToken } = issued((await password()).json);
    for (const token of ['', 'Eunknown', `Bearer ${authToken}`]) {
      const reply = await withToken(token);
      assert.deepEqual(
        [reply.status, reply.errorCode, reply.detail],
        [401, 'INVALID_TOKEN', 'Not a valid authentication token'],
      );
    }
    await sandbox.control('POST', 'config', { tokenLifetimeMs: 1 });
    await sleep(5);
    const expired = await withToken(authToken);
    assert.deepEqual([expired.status, expired.errorCode], [401, 'TOKEN_EXPIRED']);
    await sandbox.control('POST', 'config', { badTokenStatus: 500 });
    const older = await withToken('Eunknown');
    assert.deepEqual(
      [older.status, older.errorCode, older.detail],
      [500, 'UNEXPECTED_EXCEPTION', 'Not a valid authentication token'],
    );
  });

  it('answers 500 for a bad token on the rate limits, which have no version', async () => {
    const bad = await sandbox.call('GET', '/rest/api/ratelimit', undefined, { authorization: 'Eunknown' });
    assert.deepEqual([bad.status, bad.errorCode], [500, 'UNEXPECTED_EXCEPTION']);
    assert.equal((await sandbox.call('GET', '/rest/api/ratelimit')).status, 200);
    assert.equal((await sandbox.call('GET', '/ratelimit')).errorCode, 'RESOURCE_NOT_FOUND');
  });

  it('refuses a user the functions that it is not allowed', async () => {
    await sandbox.fresh({ users: { sandbox: { disabledFunctions: ['Merge List Recipients'] } } });
    const reply = await sandbox.call('POST', members, {});
    assert.deepEqual([reply.status, reply.errorCode], [401, 'API_DISABLED_FOR_USER']);
  });

  it('knows no other versions, paths, verbs or actions', async () => {
    for (const [verb, path] of [
      ['GET', '/rest/api/v1.1/lists'],
      ['GET', '/rest/asyncApi/v1.3/requests/1'],
      ['PUT', '/lists'],
      ['POST', `${members}?action=merge`],
      ['GET', '/lists/CONTACTS_LIST'],
    ] as const) {
      const reply = await sandbox.call(verb, path);
      assert.deepEqual([reply.status, reply.errorCode], [404, 'RESOURCE_NOT_FOUND'], path);
    }
  });
});
