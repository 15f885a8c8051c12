/** The client against the sandbox as a process: two readings of the same reference. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { connectResponsys, limitsByFunction } from '../../../systems/responsys/index.ts';
import type { Responsys } from '../../../systems/responsys/index.ts';
import { startSandbox } from '../../harness/sandbox.ts';
import type { TestSandbox } from '../../harness/sandbox.ts';
import { ungoverned } from './ungoverned.ts';

let sandbox: TestSandbox;
let statuses: number[];

before(async () => {
  sandbox = await startSandbox({ limits: { '*': 1_000_000 } });
});

/** A connection of its own, to an account as new. */
async function connect(config: object = {}): Promise<Responsys> {
  await sandbox.control('reset', {});
  await sandbox.control('config', config);
  statuses = [];
  const { login, username, password, allowHosts } = sandbox;
  return connectResponsys({
    login: { endpointUri: login, username, password },
    allowHosts,
    governor: ungoverned,
    log: ({ status }) => void statuses.push(status),
  });
}

const rule = {
  matchColumns: ['EMAIL_ADDRESS_'],
  insertOnNoMatch: true,
  updateOnMatch: 'REPLACE_ALL',
  defaultPermissionStatus: 'OPTOUT',
} as const;

const people = (n: number, bad: readonly number[] = []): string[][] =>
  Array.from({ length: n }, (_, i) => [bad.includes(i) ? 'no address' : `p${i}@example.com`, 'Zoë']);

const columns = ['EMAIL_ADDRESS_', 'FIRST_NAME'];

test('an account is read: its name, lists, fields and limits', async () => {
  const responsys = await connect();
  const { endPoint } = await responsys.logIn();
  assert.notEqual(endPoint, sandbox.login);
  assert.equal((await responsys.user()).accountName, 'SANDBOX');
  const lists = await responsys.lists();
  assert.deepEqual(lists.map(({ name }) => name).sort(), ['CONTACTS_LIST', 'NEWSLETTER_LIST']);
  const fields = lists.find(({ name }) => name === 'CONTACTS_LIST')?.fields;
  assert.deepEqual(await responsys.listFields('CONTACTS_LIST'), fields);
  assert.equal(limitsByFunction(await responsys.rateLimits())['Merge List Recipients'], 1_000_000);
  assert.ok(statuses.every((status) => status === 200));
});

for (const badEmail of ['whole-request', 'whole-request-without-index', 'hidden']) {
  test(`three bad addresses among 200 (${badEmail}) are rejected, and 197 taken`, async () => {
    const responsys = await connect({ badEmail });
    const rows = people(200, [0, 90, 199]);
    const result = await responsys.mergeListMembers('CONTACTS_LIST', { columns, rows, rule });
    assert.deepEqual(
      result.rows.flatMap((row, i) =>
        row.outcome === 'accepted' ? [] : [[i, row.outcome, 'code' in row && row.code]],
      ),
      [0, 90, 199].map((i) => [i, 'rejected', 'bad-email']),
    );
    const riids = result.rows.flatMap((row) => (row.outcome === 'accepted' ? [row.riid] : []));
    assert.equal(new Set(riids).size, 197);
  });
}

for (const petMatchColumn of ['matchColumnName1', 'matchColumn']) {
  test(`a table is made, found and filled on RIIDs in an account that wants ${petMatchColumn}`, async () => {
    const responsys = await connect({ petMatchColumn });
    const list = await responsys.mergeListMembers('CONTACTS_LIST', { columns, rows: people(3), rule });
    const riids = list.rows.map((row) => (row.outcome === 'accepted' ? (row.riid ?? '') : ''));
    const fields = [{ name: 'VIP', type: 'INTEGER' }];
    await responsys.createExtensionTable('CONTACTS_LIST', {
      name: 'Lytics_Segments',
      folder: 'Lytics',
      fields,
    });
    const [table] = await responsys.extensionTables('CONTACTS_LIST');
    assert.equal(table?.name, 'Lytics_Segments');
    assert.ok(table.fields.some(({ name, type }) => name === 'VIP' && type === 'INTEGER'));
    const merge = {
      columns: ['RIID_', 'VIP'],
      rows: [...riids.map((riid) => [riid, '1']), ['999999', '1'], [riids[0] ?? '', 'x']],
      matchColumns: ['RIID_'],
      insertOnNoMatch: true,
      updateOnMatch: 'REPLACE_ALL',
    } as const;
    const { rows } = await responsys.mergeTableMembers('CONTACTS_LIST', 'Lytics_Segments', merge);
    assert.deepEqual(
      rows.map((row) => (row.outcome === 'rejected' ? row.code : row.outcome)),
      ['accepted', 'accepted', 'accepted', 'no-contact', 'wrong-type'],
    );
  });
}

test('an exit of somebody who is not in the list is no rejection', async () => {
  const responsys = await connect();
  const { rows } = await responsys.mergeListMembers('CONTACTS_LIST', {
    columns,
    rows: people(1),
    rule: { ...rule, insertOnNoMatch: false },
  });
  assert.deepEqual(rows, [{ outcome: 'not-in-list' }]);
});

test('an unknown column is the request’s fault in either wording, and costs no row', async () => {
  for (const unknownField of ['INVALID_FIELD_NAME', 'INVALID_PARAMETER']) {
    const responsys = await connect({ unknownField });
    const rows = people(200).map(([email = '']) => [email, 'x']);
    const merge = { columns: ['EMAIL_ADDRESS_', 'NOT_THERE'], rows, rule };
    await assert.rejects(responsys.mergeListMembers('CONTACTS_LIST', merge), {
      kind: 'refused',
      errorCode: unknownField,
    });
    assert.ok(statuses.length <= 18, `${statuses.length} requests`);
  }
});

test('lost tokens, an older host’s 500 among them, are mended without the caller’s noticing', async () => {
  for (const badTokenStatus of [401, 500]) {
    const responsys = await connect({ badTokenStatus });
    await responsys.lists();
    await sandbox.control('faults', { on: 'Retrieve Profile Lists', kind: 'token-loss' });
    await Promise.all([responsys.lists(), responsys.lists(), responsys.rateLimits()]);
  }
});

test('each trouble is told apart', async () => {
  const responsys = await connect();
  for (const [fault, kind] of [
    ['throttle', 'throttled'],
    ['capacity', 'capacity'],
    ['status-500', 'service'],
    ['non-json', 'service'],
    ['reset-after', 'network'],
  ] as const) {
    await sandbox.control('faults', { on: 'Merge List Recipients', kind: fault });
    await assert.rejects(responsys.mergeListMembers('CONTACTS_LIST', { columns, rows: people(1), rule }), {
      kind,
    });
  }
  await assert.rejects(responsys.mergeListMembers('NO_SUCH_LIST', { columns, rows: people(1), rule }), {
    kind: 'not-found',
  });
});

test('a wrong password is tried once, so that the user is not locked', async () => {
  await connect({ lockoutAfter: 2 });
  const { login, username, allowHosts } = sandbox;
  const responsys = connectResponsys({
    login: { endpointUri: login, username, password: 'wrong' },
    allowHosts,
    governor: ungoverned,
    log: () => undefined,
  });
  for (let time = 0; time < 3; time++) await assert.rejects(responsys.lists(), { kind: 'login-refused' });
  const right = await connect();
  await right.lists();
});

after(() => sandbox.stop());
