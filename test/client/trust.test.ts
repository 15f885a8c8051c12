import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { authorizationFile, startProduct } from './product.ts';
import type { Product } from './product.ts';

let product: Product;
before(async () => {
  product = await startProduct();
  await product.sandbox.control('config', { lockoutAfter: 2, badEmail: 'hidden' });
  await product.json('authorizations', 'add', '--from-file', authorizationFile(product));
});
after(() => product.close());

let started: string[] = [];
afterEach(async () => {
  for (const id of started) await product.run('jobs', 'stop', id);
  started = [];
});

const importPeople = (audience: string, emails: readonly string[]): Promise<unknown> =>
  product.json(
    'audiences',
    'import',
    audience,
    product.write(`${audience}.csv`, ['email,age:int', ...emails.map((email) => `${email},30`)].join('\n')),
  );

const people = (count: number, name: string): string[] =>
  Array.from({ length: count }, (_, index) => `${name}${index}@example.com`);

async function start(label: string, changes: object): Promise<string> {
  const job = {
    job: 'export-audience',
    authorization: 'Sandbox',
    label,
    list: 'CONTACTS_LIST',
    matchColumn1: 'EMAIL_ADDRESS_',
    flushInterval: '1s',
    ...changes,
  };
  const file = product.write(`${label}.yaml`, JSON.stringify(job));
  const { id } = (await product.json('jobs', 'start', file)) as { id: string };
  started.push(id);
  return id;
}

interface Shown {
  readonly state: string;
  readonly reason: string;
  readonly members: { readonly sent: number; readonly accepted: number; readonly rejected: number };
  readonly scan: { readonly state: string; readonly kind: string; readonly done: number } | null;
  readonly queued: number | null;
}

async function shownAs(id: string, isSo: (shown: Shown) => boolean): Promise<Shown> {
  for (let look = 0; ; look++) {
    const shown = (await product.json('jobs', 'show', id)) as Shown;
    if (isSo(shown)) return shown;
    if (look > 60) assert.fail(`it stayed ${JSON.stringify(shown)}`);
    await wait(300);
  }
}

interface Request {
  readonly function?: string;
  readonly errorCode?: string;
}
const refusedLogins = async (): Promise<number> =>
  ((await product.sandbox.control('requests?limit=1000')) as Request[]).filter(
    (request) => request.function === 'Login' && request.errorCode === 'INVALID_USER_NAME_PASSWORD',
  ).length;

const enter = (audience: string, email: string): Promise<unknown> =>
  product.json('audiences', 'enter', audience, '--email', email);

test('a changed password costs one login for two jobs, also on resume; an update lets both go on', async () => {
  await importPeople('First', people(3, 'first'));
  await importPeople('Second', people(3, 'second'));
  const ids = [await start('First', { audience: 'First' }), await start('Second', { audience: 'Second' })];
  for (const id of ids) await shownAs(id, ({ scan }) => scan?.state === 'done');

  await product.sandbox.control('config', { users: { sandbox: { password: 'changed' } } });
  await product.sandbox.control('faults', { kind: 'token-loss' });
  await enter('First', 'late1@example.com');
  await enter('Second', 'late2@example.com');
  for (const id of ids) {
    const { reason } = await shownAs(id, ({ state }) => state === 'parked');
    assert.match(
      reason,
      /^Responsys refused the login \(INVALID_USER_NAME_PASSWORD\).*then run "authorizations update"/,
    );
  }
  assert.equal(await refusedLogins(), 1);
  for (const id of ids) {
    await product.json('jobs', 'resume', id);
    await shownAs(id, ({ state }) => state === 'parked');
  }
  await product.restartWorker();
  await product.json('jobs', 'resume', ids[0] ?? '');
  await shownAs(ids[0] ?? '', ({ state, queued }) => state === 'parked' && queued === 1);
  assert.equal(await refusedLogins(), 1);

  await product.json(
    'authorizations',
    'update',
    'Sandbox',
    '--from-file',
    product.write('changed.json', JSON.stringify({ kind: 'responsys-interact', password: 'changed' })),
  );
  for (const id of ids)
    await shownAs(id, ({ state, members }) => state === 'running' && members.accepted === 4);
  assert.equal(await refusedLogins(), 1);
});

test('during maintenance a job waits, says so, loses nothing, and goes on by itself', async () => {
  await importPeople('Patient', people(3, 'patient'));
  const id = await start('Patient', { audience: 'Patient' });
  await shownAs(id, ({ scan }) => scan?.state === 'done');
  await product.sandbox.control('faults', { kind: 'maintenance', ms: 600_000 });
  await enter('Patient', 'during@example.com');
  await shownAs(id, ({ state, queued }) => state === 'waiting' && queued === 1);
  const { out } = await product.run('jobs', 'show', id);
  assert.match(out, /waiting for Responsys: Responsys could not /);
  await fetch(`${product.sandbox.login}/_sandbox/faults`, { method: 'DELETE' });
  await shownAs(
    id,
    ({ state, members, queued }) => state === 'running' && members.accepted === 4 && queued === 0,
  );
});

test('a canary waits for approval with its numbers; verify finds no drift, then each that was made', async () => {
  await importPeople('Canary', ['bad@example..com', ...people(9, 'canary')]);
  const id = await start('Canary', {
    audience: 'Canary',
    canary: 4,
    additionalFields: ['age'],
    exportAudienceMemberships: ['Canary'],
  });
  const held = await shownAs(id, ({ state }) => state === 'approval');
  assert.equal(held.members.sent, 4);
  assert.match(held.reason, /^Of the first 4 members [34] were accepted, [01] rejected/);
  await enter('Canary', 'meanwhile@example.com');
  await shownAs(id, ({ queued }) => queued === 1);
  await product.json('jobs', 'approve', id);
  await shownAs(id, ({ scan, members }) => scan?.state === 'done' && members.sent === 11);

  const clean = await product.run('jobs', 'verify', id);
  assert.equal(clean.code, 0, clean.err);
  assert.match(clean.out, /^10 accepted members compared\.\nNo drift\./);

  await drift();
  const file = join(product.folder, 'drift.csv');
  const drifted = await product.run('jobs', 'verify', id, '--csv', file);
  assert.equal(drifted.code, 6);
  assert.match(drifted.err, /^DRIFT {2}4 of 10 members differ/);
  // Masked, a value of one character too.
  assert.match(drifted.out, /EMAIL_ADDRESS_ +xxxxxx9@xxxxxxx\.xxx +xxxxx@xxxxxxx\.xxx/);
  assert.match(drifted.out, /AGE +99 +99/i);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const kinds = readFileSync(file, 'utf8')
    .trim()
    .split('\r\n')
    .slice(1)
    .map((line) => line.split(',').slice(1).join(' '));
  assert.deepEqual(kinds.toSorted(), [
    'field fields age 30 31',
    'identifier list EMAIL_ADDRESS_ canary1@example.com other@example.com',
    'membership memberships CANARY 1 0',
    'missing list  a record none',
  ]);
});

/** Changes four members behind the job's back, as somebody in Responsys' own interface would. */
async function drift(): Promise<void> {
  const { login, username } = product.sandbox;
  const answer = await fetch(`${login}/rest/api/v1.3/auth/token`, {
    method: 'POST',
    body: new URLSearchParams({ auth_type: 'password', user_name: username, password: 'changed' }),
  });
  const { authToken, endPoint } = (await answer.json()) as { authToken: string; endPoint: string };
  const list = `${endPoint}/rest/api/v1.3/lists/CONTACTS_LIST`;
  const post = async (url: string, body: object): Promise<void> => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { authorization: authToken, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    assert.ok(response.ok && !text.includes('FAILED'), text);
  };
  const rows = (await (await fetch(`${login}/_sandbox/lists/CONTACTS_LIST`)).text())
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Readonly<Record<string, string>>);
  const riidOf = (email: string): string =>
    String(rows.find((row) => row['EMAIL_ADDRESS_'] === email)?.['RIID_']);
  const { id } = ((await product.json('jobs', 'list')) as { id: string; label: string }[]).find(
    ({ label }) => label === 'Canary',
  ) ?? { id: '' };
  const table = (column: string, riid: string, cell: string): object => ({
    recordData: { fieldNames: ['RIID_', column], records: [[riid, cell]], mapTemplateName: null },
    insertOnNoMatch: false,
    updateOnMatch: 'REPLACE_ALL',
    matchColumnName1: 'RIID',
  });
  await post(`${list}/members?action=delete`, {
    queryAttribute: 'r',
    ids: [riidOf('canary0@example.com')],
  });
  await post(`${list}/members`, {
    recordData: {
      fieldNames: ['RIID_', 'EMAIL_ADDRESS_'],
      records: [[riidOf('canary1@example.com'), 'other@example.com']],
      mapTemplateName: null,
    },
    mergeRule: {
      insertOnNoMatch: false,
      updateOnMatch: 'REPLACE_ALL',
      matchColumnName1: 'RIID_',
      matchOperator: 'NONE',
    },
  });
  await post(
    `${list}/listExtensions/Lytics_User_Fields_${id}/members`,
    table('age', riidOf('canary2@example.com'), '31'),
  );
  await post(
    `${list}/listExtensions/Lytics_Segments/members`,
    table('CANARY', riidOf('canary3@example.com'), '0'),
  );
}

test('a job of which most is rejected stops itself; retry sends the rejected again, by reason', async () => {
  const bad = Array.from({ length: 150 }, (_, index) => `bad${index}@example..com`);
  await importPeople('Dirty', [...bad, ...people(100, 'clean')]);
  const id = await start('Dirty', { audience: 'Dirty', stopWhenRejected: '40%' });
  const { reason, members } = await shownAs(id, ({ state }) => state === 'parked');
  assert.match(reason, /^150 of the last 250 members were rejected, more than the 40% of stopWhenRejected/);
  assert.equal(members.accepted, 100);
  await product.json('jobs', 'resume', id);
  await shownAs(id, ({ state, scan }) => state === 'running' && scan?.state === 'done');

  const unknown = await product.run('jobs', 'retry', id, '--reason', 'nonsense');
  assert.equal(unknown.code, 2);
  assert.match(unknown.err, /--reason: nobody is rejected for "nonsense"; there are bad-email/);
  const before = await mergesOf();
  const { members: again } = (await product.json('jobs', 'retry', id, '--reason', 'bad-email')) as {
    members: number;
  };
  assert.equal(again, 150);
  const shown = await shownAs(id, ({ scan }) => scan?.kind === 'retry' && scan.state === 'done');
  assert.equal(shown.state, 'running', 'the rejected of a retry are no reason to stop');
  assert.equal(shown.scan?.done, 150);
  assert.equal(shown.members.rejected, 150);
  assert.ok((await mergesOf()) > before);
});

const mergesOf = async (): Promise<number> =>
  ((await product.sandbox.control('requests?limit=1000')) as Request[]).filter(
    (request) => request.function === 'Merge List Recipients',
  ).length;
