import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLimits } from '../../sandbox/limits.ts';
import { readConfig } from '../../sandbox/config.ts';
import { Refused } from '../../sandbox/errors.ts';
import { listMerge, members, newFolder, newTable, removeFolder, startSandbox, tables } from './running.ts';
import type { Running } from './running.ts';

describe('limits of the sandbox', () => {
  it('count by the clock’s minute, or by the last 60 seconds', () => {
    for (const [window, laterMs] of [
      ['clock', 60_000],
      ['sliding', 119_999],
    ] as const) {
      let nowMs = 59_999;
      const config = readConfig({ limits: { Login: 2 }, limitWindow: window });
      const limits = createLimits(
        () => config,
        () => nowMs,
      );
      limits.take('Login');
      limits.take('Login');
      assert.throws(() => limits.take('Login'), Refused);
      nowMs = laterMs - 1;
      if (window === 'sliding') assert.throws(() => limits.take('Login'), Refused);
      nowMs = laterMs;
      limits.take('Login');
      limits.take('Get User Information');
    }
  });
});

describe('throttling and faults of the sandbox', () => {
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

  const merge = (email = 'a@example.com') =>
    sandbox.call('POST', members, listMerge(['EMAIL_ADDRESS_'], [[email]]));
  const memberCount = async () => {
    const { json } = await sandbox.control('GET', 'state');
    return (json as { lists: { members: number }[] }).lists[0]?.members;
  };
  const fault = (...faults: object[]) => sandbox.control('POST', 'faults', faults);
  const limited = 'You exceeded your allowable limit to call the';

  it('refuses beyond the limit, for all users of the account, one function at a time', async () => {
    // A sliding minute: the clock's could turn while the test runs.
    await sandbox.fresh({
      limits: { 'Merge List Recipients': 2, 'Create Profile Extension': 1 },
      limitWindow: 'sliding',
    });
    const form = { user_name: 'sandbox-second', password: sandbox.password, auth_type: 'password' };
    const { authToken } = (await sandbox.token(form)).json as { authToken: string };
    await merge();
    await sandbox.call('POST', members, listMerge(['EMAIL_ADDRESS_'], [['b@example.com']]), {
      authorization: authToken,
    });
    const refused = await merge('c@example.com');
    assert.deepEqual([refused.status, refused.errorCode], [401, 'API_LIMIT_EXCEEDED']);
    assert.equal(
      refused.detail,
      `${limited} Merge List Recipients API function. Please try again in a minute.`,
    );
    assert.equal((await sandbox.call('POST', tables, newTable('T1', [['A1', 'STR500']]))).text, 'true');
    assert.equal(
      (await sandbox.call('POST', tables, newTable('T2', [['A1', 'STR500']]))).errorCode,
      'API_LIMIT_EXCEEDED',
    );
    await sandbox.control('POST', 'config', { limitStatus: 400 });
    assert.equal((await merge()).status, 400);
    await sandbox.control('POST', 'config', { limitStatus: 429, limitBody: 'text' });
    const bare = await merge();
    assert.deepEqual([bare.status, bare.text, bare.json], [429, 'you got rate limited', undefined]);
    assert.equal(await memberCount(), 2);
  });

  it('limits logins, and tells its limits', async () => {
    await sandbox.fresh({ limits: { Login: 2 }, limitWindow: 'sliding' });
    const limits = (await sandbox.call('GET', '/rest/api/ratelimit')).json as Record<string, unknown>[];
    assert.deepEqual(limits[0], {
      limit: 2,
      api: 'Login',
      resource_path: '/rest/api/v1.3/auth/token',
      verb: 'POST',
      description: 'Login: calls a minute',
    });
    const form = { user_name: sandbox.username, password: sandbox.password, auth_type: 'password' };
    await sandbox.token(form);
    assert.equal((await sandbox.token(form)).errorCode, 'API_LIMIT_EXCEEDED');
  });

  it('resets the connection before the work, or after it', async () => {
    await fault({ on: 'Merge List Recipients', kind: 'reset-before' });
    await assert.rejects(merge());
    assert.equal(await memberCount(), 0);
    await fault({ on: 'Merge List Recipients', kind: 'reset-after' });
    await assert.rejects(merge());
    assert.equal(await memberCount(), 1);
    assert.equal((await merge()).status, 200);
  });

  it('answers 500, 502 in HTML, throttle and capacity without doing the work', async () => {
    const seen: unknown[] = [];
    for (const kind of ['status-500', 'non-json', 'throttle', 'capacity']) {
      await fault({ on: 'Merge List Recipients', match: 'CONTACTS_LIST', kind });
      const reply = await merge();
      seen.push([reply.status, reply.errorCode ?? reply.type]);
    }
    assert.deepEqual(seen, [
      [500, 'UNEXPECTED_EXCEPTION'],
      [502, 'text/html'],
      [401, 'API_LIMIT_EXCEEDED'],
      [503, 'INTERNAL_CAPACITY_LIMIT_EXCEEDED'],
    ]);
    assert.equal(await memberCount(), 0);
  });

  it('meets a fault only on its object, after some calls, so many times', async () => {
    await fault({
      on: 'Merge List Recipients',
      kind: 'status-500',
      match: 'NEWSLETTER_LIST',
      times: 'always',
    });
    await fault({ on: 'Merge List Recipients', kind: 'throttle', after: 1, times: 2 });
    const statuses = [];
    for (let n = 0; n < 4; n += 1) statuses.push((await merge()).status);
    assert.deepEqual(statuses, [200, 401, 401, 200]);
    const { json } = await sandbox.control('GET', 'faults');
    assert.deepEqual(
      (json as { kind: string }[]).map(({ kind }) => kind),
      ['status-500'],
    );
  });

  it('forgets all tokens, once', async () => {
    await merge();
    await fault({ kind: 'token-loss' });
    assert.equal((await merge()).errorCode, 'INVALID_TOKEN');
  });

  it('delays an answer whose work is done', async () => {
    await sandbox.call('GET', '/user/info');
    await fault({ on: 'Merge List Recipients', kind: 'delay-after', ms: 400 });
    const answer = merge();
    await sleep(150);
    assert.equal(await memberCount(), 1);
    assert.equal((await answer).status, 200);
  });

  it('is wholly under maintenance for a while', async () => {
    await merge();
    await fault({ kind: 'maintenance', ms: 60_000 });
    const form = { user_name: sandbox.username, password: sandbox.password, auth_type: 'password' };
    assert.equal((await merge()).errorCode, 'SERVICE_UNAVAILABLE');
    assert.equal((await sandbox.token(form)).status, 503);
    await sandbox.control('DELETE', 'faults');
    assert.equal((await merge()).status, 200);
  });

  it('tells a wrong order or setting what would be right', async () => {
    const wrong = await fault({ kind: 'explode' });
    assert.equal(wrong.status, 400);
    assert.match(wrong.text, /reset-before/);
    const setting = await sandbox.control('POST', 'config', { badEmail: 'maybe' });
    assert.match(setting.text, /whole-request-without-index/);
    assert.equal((await merge()).status, 200);
  });

  it('outlives paths that are malformed', async () => {
    for (const path of ['/_sandbox/%zz', '/_sandbox/lists/%zz', '//', '/rest/api/v1.3/lists/%zz/fields'])
      assert.equal((await fetch(`${sandbox.login}${path}`)).status, 404, path);
    assert.equal((await sandbox.call('GET', '/lists/%zz/fields')).errorCode, 'LIST_NOT_FOUND');
    assert.equal((await fetch(`${sandbox.api}//`)).status, 404);
  });

  it('logs function, object, rows and outcome, but no password, token or value', async () => {
    await merge('secret-person@example.com');
    await merge('nobody');
    const { json, text } = await sandbox.control('GET', 'requests?limit=2');
    const [bad, good] = json as Record<string, unknown>[];
    assert.deepEqual(
      [bad?.['function'], bad?.['object'], bad?.['status'], bad?.['errorCode']],
      ['Merge List Recipients', 'CONTACTS_LIST', 400, 'INVALID_PARAMETER'],
    );
    assert.deepEqual([good?.['user'], good?.['rows'], good?.['status']], ['sandbox', 1, 200]);
    assert.doesNotMatch(text, /secret-person|sandbox-password|nobody/);
  });

  it('shows its page with what the rows hold, escaped', async () => {
    const body = listMerge(
      ['EMAIL_ADDRESS_', 'FIRST_NAME'],
      [['a@example.com', '<script>alert(1)</script>']],
    );
    await sandbox.call('POST', members, body);
    const text = await (await fetch(sandbox.login)).text();
    assert.match(text, /CONTACTS_LIST/);
    assert.match(text, /&lt;script&gt;alert\(1\)&lt;\/script&gt;/);
    assert.doesNotMatch(text, /<script>alert/);
  });
});
