/**
 * Export Audience through good hours and bad ones, with a canary in every personal field and every secret:
 * none of them is in anything that Temporal shows, in the worker's log, or in what commands of watching and
 * steering print. A leak that is planted in the same job is found.
 */
import assert from 'node:assert/strict';
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { setLastError } from '../../systems/store/jobs.ts';
import { authorizationFile } from '../client/product.ts';
import { findCanaries } from './search.ts';
import { startUnderWatch } from './under-watch.ts';
import type { UnderWatch } from './under-watch.ts';

let watched: UnderWatch;
before(async () => {
  watched = await startUnderWatch();
});
after(() => watched.close());

interface Shown {
  readonly state: string;
  readonly members: { readonly accepted: number; readonly rejected: number };
  readonly scan: { readonly state: string; readonly kind: string } | null;
  readonly queued: number | null;
  readonly lastError: string | null;
}

const job = {
  job: 'export-audience',
  authorization: 'Sandbox',
  label: 'Canaries',
  audience: 'Readers',
  list: 'CONTACTS_LIST',
  idMappings: { email: 'EMAIL_ADDRESS_', customer_id: 'CUSTOMER_ID_', phone: 'MOBILE_NUMBER_' },
  matchColumn1: 'EMAIL_ADDRESS_',
  additionalFields: ['nickname', 'notes', 'motto'],
  exportAudienceMemberships: ['Readers'],
  stopWhenRejected: '100%',
  flushInterval: '1s',
};
const jobFile = (changes: object = {}): string =>
  watched.product.write('job.yaml', JSON.stringify({ ...job, ...changes }));

/** Of everybody: identifiers, fields that are exported, and one that is not. */
const columns = ['customer_id', 'rs_user_id', 'phone', 'nickname', 'notes', 'home_town'] as const;
/** Longer than its column takes: it is left out. */
const mottoOf = (name: string): string =>
  `${watched.planted.text(`motto of ${name}`)} ${'and so on '.repeat(60)}`;
const person = (email: string, name: string, optedOut = ''): string =>
  [
    email,
    ...columns.map((column) => watched.planted.text(`${column} of ${name}`)),
    mottoOf(name),
    optedOut,
  ].join(',');
const badAddress = (name: string): string => watched.planted.address(name, 'exam..ple.com');

/** A time that nobody else has, in the form in which it is kept. */
function optOutTime(): string {
  const time = new Date(Date.UTC(2019, 2, 7) + Math.floor(Math.random() * 86_400_000)).toISOString();
  watched.planted.add('time of an opt-out', time.slice(0, -1));
  return time;
}

/** The password that the sandbox wants of the job's user from now on. */
const signInWith = (name: string): Promise<unknown> => {
  const user = {
    password: watched.planted.text(name),
    email: watched.planted.address('address of the API user'),
  };
  return watched.product.sandbox.control('config', { users: { [watched.planted.text('user name')]: user } });
};

test('Export Audience shows no member and no secret, whatever happens to it', async () => {
  const { product, planted, run, done, asked, shownAs, look } = watched;
  const { sandbox } = product;
  const shown = (id: string, isSo: (shown: Shown) => boolean): Promise<Shown> => shownAs(id, isSo);
  await signInWith('password');
  const login = (changes: object): string =>
    authorizationFile(product, {
      username: planted.text('user name'),
      password: planted.text('password'),
      ...changes,
    });
  await done('authorizations', 'add', '--from-file', login({}));
  await sandbox.control('config', { badEmail: 'hidden' });
  const csv = [
    ['email', ...columns, 'motto', 'email_last_opt_out_ts:date'].join(','),
    person(planted.address('address of Ada'), 'Ada'),
    person(planted.address('address of Cyn'), 'Cyn', optOutTime()),
    person(badAddress('hidden bad address'), 'Bob'),
  ].join('\n');
  await done('audiences', 'import', 'Readers', product.write('people.csv', csv));

  // A login that is refused, and a configuration that cannot work.
  const wrong = login({ label: 'Wrong', password: planted.text('wrong password') });
  await done('authorizations', 'add', '--from-file', wrong);
  assert.equal((await run('jobs', 'start', jobFile({ authorization: 'Wrong' }))).code, 3);
  assert.equal((await run('jobs', 'start', jobFile({ list: 'NO_LIST' }))).code, 3);
  for (const form of [[], ['--json']]) assert.equal((await run('jobs', 'plan', jobFile(), ...form)).code, 0);

  // A scan, with a network and a service at their worst.
  await sandbox.control(
    'faults',
    ['reset-after', 'non-json', 'token-loss'].map((kind) => ({ on: 'Merge List Recipients', kind })),
  );
  const { id } = await done<{ id: string }>('jobs', 'start', jobFile());
  await look('under faults');
  await shown(id, ({ scan, members }) => scan?.state === 'done' && members.rejected === 1);

  // Whole requests refused for one row, with and without its number, and something wrong with the service.
  const reenter = async (): Promise<void> => {
    await done('audiences', 'exit', 'Readers', '--email', planted.address('address of Ada'));
    await done('audiences', 'enter', 'Readers', '--email', planted.address('address of Ada'));
  };
  await sandbox.control('config', { badEmail: 'whole-request' });
  for (const name of ['named bad address', 'bad address at its entry']) {
    await done('audiences', 'enter', 'Readers', '--email', badAddress(name));
    await reenter();
    await shown(
      id,
      ({ members, queued }) => members.rejected >= (name === 'named bad address' ? 2 : 3) && queued === 0,
    );
    await sandbox.control('config', { badEmail: 'whole-request-without-index' });
    await sandbox.control('faults', { on: 'Merge List Recipients', kind: 'status-500' });
  }
  await look('after refusals');

  // Steered: paused with a queue, resumed, sent again, changed.
  await done('jobs', 'pause', id);
  await done('audiences', 'enter', 'Readers', '--email', planted.address('address of Eve'));
  await shown(id, ({ queued, state }) => state === 'paused' && queued === 1);
  await look('paused');
  await done('jobs', 'resume', id);
  await done('jobs', 'retry', id, '--reason', 'bad-email');
  await shown(id, ({ scan }) => scan?.kind === 'retry' && scan.state === 'done');
  await done('jobs', 'apply', '--yes', jobFile({ additionalFields: ['nickname'] }));

  // The password is changed, then a function is taken away: parked each time, and resumed.
  await signInWith('changed password');
  await sandbox.control('faults', { kind: 'token-loss' });
  await done('audiences', 'enter', 'Readers', '--email', planted.address('address of Gus'));
  await shown(id, ({ state }) => state === 'parked');
  await look('parked for its login');
  for (const words of [['list'], ['show', id], ['watch', id, '--until-scanned']])
    for (const form of [[], ['--json']]) assert.equal((await run('jobs', ...words, ...form)).code, 0);
  const changed = { kind: 'responsys-interact', password: planted.text('changed password') };
  const changedFile = product.write('changed.json', JSON.stringify(changed));
  await done('authorizations', 'update', 'Sandbox', '--from-file', changedFile);
  await shown(id, ({ state, queued }) => state === 'running' && queued === 0);
  const disable = (...disabledFunctions: readonly string[]): Promise<unknown> =>
    sandbox.control('config', { users: { [planted.text('user name')]: { disabledFunctions } } });
  await disable('Merge List Recipients');
  await done('audiences', 'enter', 'Readers', '--email', planted.address('address of Hal'));
  await shown(id, ({ state }) => state === 'parked');
  await look('parked for its rights');
  await disable();
  await done('jobs', 'resume', id);
  await shown(id, ({ state, queued }) => state === 'running' && queued === 0);
  await run('jobs', 'verify', id);
  await run('accounts', 'show');
  await done('jobs', 'stop', id);

  // They were there to be shown: in Responsys, and in the ledger's file of those rejected.
  const failures = join(product.folder, 'failures.csv');
  await asked('jobs', 'failures', id, '--csv', failures);
  const tables = ['lists/CONTACTS_LIST', `tables/CONTACTS_LIST/Lytics_User_Fields_${id}`];
  const held = await Promise.all(tables.map((path) => product.rowsOf(path)));
  const there = [
    { place: 'Responsys', content: held },
    { place: 'ledger', content: readFileSync(failures, 'utf8') },
  ];
  const arrived = new Set(findCanaries(planted.all(), there).map(({ canary }) => canary));
  for (const name of [
    ...['Ada', 'Cyn', 'Eve', 'Gus', 'Hal'].map((one) => `address of ${one}`),
    ...['hidden bad address', 'named bad address', 'bad address at its entry'],
    ...['customer_id', 'phone', 'nickname', 'notes'].map((column) => `${column} of Ada`),
  ])
    assert.ok(arrived.has(name), `${name} was never sent`);
  assert.ok(planted.all().some(({ name }) => name.startsWith('token')));
  // Who manages a login is shown whose it is; nobody else is.
  assert.deepEqual(await watched.finds(), [
    'user name in authorizations add, as it is',
    'user name in authorizations update, as it is',
  ]);
});

test('a password of the store is in no complaint about the store, not even a short one', async () => {
  const { product } = watched;
  const canaries = [{ name: 'short password', value: 'p§7w' }];
  const url = new URL(product.databaseUrl);
  url.password = 'p§7w';
  const unreachable = new URL(url);
  unreachable.port = '1';
  const wrong = [url.href, unreachable.href, 'postgres://someone:p§7w@no host:5432/x'];
  await Promise.all(
    wrong.map(async (databaseUrl) => {
      const { code, out, err } = await product.runWith(
        { LYTICS_RESPONSYS_DATABASE_URL: databaseUrl },
        'jobs',
        'list',
      );
      assert.notEqual(code, 0);
      assert.deepEqual(findCanaries(canaries, [{ place: databaseUrl, content: [out, err] }]), []);
    }),
  );
});

test('a leak in a running job is found in every place that it reaches', async () => {
  const { product, planted, store, run, done, look, finds, shownAs } = watched;
  const { id } = await done<{ id: string }>(
    'jobs',
    'apply',
    jobFile({ label: 'Leaking', authorization: 'Sandbox' }),
  );
  await shownAs<Shown>(id, ({ scan }) => scan?.state === 'done');
  // As a step would leave it there that had an address in its words.
  const words = `The value ${planted.text('leaked')} is not a valid email address`;
  await setLastError(store, id, words);
  appendFileSync(
    join(product.folder, 'worker.log'),
    `{"level":40,"msg":"${planted.text('logged')} was refused"}\n`,
  );
  await done('jobs', 'pause', id);
  for (const form of [[], ['--json']]) await run('jobs', 'show', id, ...form);
  await run('jobs', 'watch', id, '--until-scanned');
  const places = [
    /^leaked in jobs show/m,
    /^leaked in jobs watch/m,
    /^leaked in query __temporal_workflow_metadata of export-audience/m,
    /^leaked in history of export-audience/m,
    /^logged in worker log/m,
  ];
  // Its live details follow moments later.
  for (let tries = 1; ; tries++) {
    await look('leaking');
    const found = (await finds()).join('\n');
    const missed = places.filter((place) => !place.test(found));
    if (missed.length === 0) break;
    if (tries === 20) assert.fail(`not found: ${missed.join(', ')}`);
    await wait(300);
  }
  await done('jobs', 'stop', id);
});
