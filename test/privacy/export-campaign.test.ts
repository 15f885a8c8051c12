/**
 * Export Audiences to Campaign with a canary in every personal field and every secret: through refusals, lost
 * answers and a changed password, none of them is in anything that Temporal shows, in the worker's log, or in
 * what commands of watching and steering print.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { authorizationFile } from '../client/product.ts';
import { findCanaries } from './search.ts';
import { startUnderWatch } from './under-watch.ts';
import type { UnderWatch } from './under-watch.ts';

let watched: UnderWatch;
before(async () => {
  watched = await startUnderWatch();
});
after(() => watched.close());

interface Outcomes {
  readonly fates: Readonly<Record<string, number>>;
}

const job = {
  job: 'export-campaign',
  authorization: 'Sandbox',
  label: 'Canary mails',
  audience: 'Readers',
  campaign: 'Lytics_Welcome',
  additionalFields: ['nickname', 'notes'],
  defaultPermissionStatus: 'OPTIN',
  stopWhenRejected: '100%',
  flushInterval: '1s',
};

const columns = ['customer_id', 'nickname', 'notes', 'home_town'] as const;

test('Export Audiences to Campaign shows no member and no secret, whatever happens to it', async () => {
  const { product, planted, run, done, asked, shownAs, look } = watched;
  const { sandbox } = product;
  const jobFile = product.write('job.yaml', JSON.stringify(job));
  const person = (email: string, name: string): string =>
    [email, ...columns.map((column) => planted.text(`${column} of ${name}`))].join(',');
  const signInWith = (name: string): Promise<unknown> =>
    sandbox.control('config', {
      users: {
        [planted.text('user name')]: {
          password: planted.text(name),
          email: planted.address('address of the API user'),
        },
      },
    });
  const untilFates = async (isSo: (fates: Outcomes['fates']) => boolean): Promise<void> => {
    for (let looks = 0; ; looks++) {
      const { fates } = await done<Outcomes>('jobs', 'outcomes', 'Canary mails');
      if (isSo(fates)) return;
      assert.ok(looks < 150, `they stayed ${JSON.stringify(fates)}`);
    }
  };
  await signInWith('password');
  const login = {
    username: planted.text('user name'),
    password: planted.text('password'),
  };
  await done('authorizations', 'add', '--from-file', authorizationFile(product, login));
  await sandbox.control('config', { badEmail: 'hidden' });
  const people = [
    ['email', ...columns].join(','),
    person(planted.address('address of Ada'), 'Ada'),
    person(planted.address('address of Bob', 'exam..ple.com'), 'Bob'),
  ].join('\n');
  await done('audiences', 'import', 'Readers', product.write('people.csv', people));
  for (const form of [[], ['--json']]) assert.equal((await run('jobs', 'plan', jobFile, ...form)).code, 0);
  const { id } = await done<{ id: string }>('jobs', 'start', jobFile);
  await shownAs<{ state: string }>(id, ({ state }) => state === 'running');

  // One is mailed, one refused by the list, one of unknown fate, one before the password is changed.
  const again = async (name: string): Promise<void> => {
    await done('audiences', 'exit', 'Readers', '--email', planted.address(`address of ${name}`));
    await done('audiences', 'enter', 'Readers', '--email', planted.address(`address of ${name}`));
  };
  await again('Ada');
  await untilFates((fates) => fates['accepted'] === 1);
  await done('audiences', 'enter', 'Readers', '--email', planted.address('address of Cyn', 'exam..ple.com'));
  await untilFates((fates) => fates['rejected'] === 1);
  await sandbox.control('faults', { on: 'Trigger Email Message', kind: 'reset-after' });
  await done('audiences', 'enter', 'Readers', '--email', planted.address('address of Eve'));
  await untilFates((fates) => fates['unknown'] === 1);
  await look('after a lost answer');
  await sandbox.control('faults', { on: 'Trigger Email Message', kind: 'status-500' });
  await signInWith('changed password');
  await sandbox.control('faults', { kind: 'token-loss' });
  await done('audiences', 'enter', 'Readers', '--email', planted.address('address of Gus'));
  await shownAs<{ state: string }>(id, ({ state }) => state === 'parked');
  await look('parked for its login');
  const changed = { kind: 'responsys-interact', password: planted.text('changed password') };
  const changedFile = product.write('changed.json', JSON.stringify(changed));
  await done('authorizations', 'update', 'Sandbox', '--from-file', changedFile);
  await untilFates((fates) => fates['waiting'] === 0 && fates['claimed'] === 0);
  await done('jobs', 'send-unknown', id, '--yes');
  await shownAs<{ scan: { state: string } | null }>(id, ({ scan }) => scan?.state === 'done');
  await done('jobs', 'retry', id);
  for (const words of [['list'], ['show', id], ['outcomes', id], ['watch', id, '--until-scanned']])
    for (const form of [[], ['--json']]) assert.equal((await run('jobs', ...words, ...form)).code, 0);
  await asked('jobs', 'failures', id);
  await done('jobs', 'stop', id);

  // They were there to be shown: in the outbox, and in the list.
  const response = await fetch(`${sandbox.login}/_sandbox/outbox`);
  const there = [
    { place: 'outbox', content: await response.text() },
    { place: 'Responsys', content: await product.rowsOf('lists/CONTACTS_LIST') },
  ];
  const arrived = new Set(findCanaries(planted.all(), there).map(({ canary }) => canary));
  for (const name of ['address of Ada', 'address of Eve', 'nickname of Ada', 'notes of Ada'])
    assert.ok(arrived.has(name), `${name} was never sent`);
  assert.deepEqual(await watched.finds(), [
    'user name in authorizations add, as it is',
    'user name in authorizations update, as it is',
  ]);
});
