import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import {
  listMerge,
  members,
  newFolder,
  newTable,
  read,
  removeFolder,
  startSandbox,
  tableMerge,
  tables,
} from './running.ts';
import type { Running } from './running.ts';

const rows = `${tables}/Lytics_Segments/members`;

describe('extension tables of the sandbox', () => {
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

  const create = (body: object) => sandbox.call('POST', tables, body);
  const merge = (fields: unknown, records: unknown, changes?: object) =>
    sandbox.call('POST', rows, tableMerge(fields, records, changes));
  const addMembers = (...emails: string[]) =>
    sandbox.call(
      'POST',
      members,
      listMerge(
        ['EMAIL_ADDRESS_'],
        emails.map((email) => [email]),
      ),
    );
  const segments = () =>
    create(
      newTable('Lytics_Segments', [
        ['VIP', 'INTEGER'],
        ['NOTE', 'STR500'],
      ]),
    );

  it('lists a list with its system columns, and answers true for a new table', async () => {
    const lists = (await sandbox.call('GET', '/lists')).json as {
      name: string;
      fields: { fieldName: string }[];
    }[];
    assert.deepEqual(
      lists.map(({ name }) => name),
      ['CONTACTS_LIST', 'NEWSLETTER_LIST'],
    );
    const names = lists[0]?.fields.map(({ fieldName }) => fieldName) ?? [];
    for (const name of ['RIID_', 'EMAIL_ADDRESS_', 'EMAIL_SHA256_HASH_', 'MODIFIED_DATE_', 'LOYALTY_TIER'])
      assert.ok(names.includes(name), name);
    const made = await segments();
    assert.deepEqual([made.status, made.text], [200, 'true']);
    const [table] = (await sandbox.call('GET', tables)).json as {
      profileExtension: object;
      fields: { fieldName: string; fieldType: string }[];
    }[];
    assert.deepEqual(table?.profileExtension, { objectName: 'Lytics_Segments', folderName: 'Lytics' });
    assert.deepEqual(table.fields.at(-1), { fieldName: 'NOTE', fieldType: 'STR500' });
  });

  const refusals: readonly (readonly [string, object, string])[] = [
    ['a type of lists', newTable('T', [['A1', 'STR255']]), 'INVALID_PARAMETER'],
    ['a type of supplemental tables', newTable('T', [['A1', 'CHAR']]), 'INVALID_PARAMETER'],
    ['an unknown folder', newTable('T', [['A1', 'STR500']], 'Nowhere'), 'FOLDER_NOT_FOUND'],
    ['no fields', newTable('T', []), 'INVALID_PARAMETER'],
    [
      'a field twice',
      newTable('T', [
        ['A1', 'STR500'],
        ['a1', 'STR500'],
      ]),
      'INVALID_PARAMETER',
    ],
    ['a table name of 31 characters', newTable('T'.repeat(31), [['A1', 'STR500']]), 'INVALID_PARAMETER'],
    ...['A'.repeat(31), '1A', 'A-B', 'A B', 'A_', 'Ä1', '', 'date', 'Order', 'ID', 'k', 'u'].map(
      (name) =>
        [`the field name "${name}"`, newTable('T', [[name, 'STR500']]), 'INVALID_FIELD_NAME'] as const,
    ),
  ];
  for (const [what, body, code] of refusals)
    it(`refuses a new table with ${what}`, async () => {
      const reply = await create(body);
      assert.equal(reply.errorCode, code);
      assert.equal((await sandbox.call('GET', tables)).text, '[]');
    });

  it('refuses a table that exists, and makes folders for new ones', async () => {
    await segments();
    const again = await create(newTable('lytics_segments', [['VIP', 'INTEGER']]));
    assert.deepEqual([again.status, again.errorCode], [400, 'OBJECT_ALREADY_EXISTS']);
    assert.equal((await sandbox.call('POST', '/folders', { folderName: 'New' })).status, 200);
    assert.equal(
      (await sandbox.call('POST', '/folders', { folderName: 'New' })).errorCode,
      'FOLDER_ALREADY_EXISTS',
    );
    assert.equal((await create(newTable('T', [['A$#_1', 'STR4000']], 'New'))).text, 'true');
  });

  it('merges rows of list members, and fails the others inside a 200', async () => {
    await segments();
    await addMembers('a@example.com', 'b@example.com');
    const reply = await merge(
      ['EMAIL_ADDRESS_', 'vip', 'NOTE'],
      [
        ['a@example.com', '1', 'x'],
        ['nobody@example.com', '1', ''],
        ['', '1', ''],
        ['b@example.com', 'yes', ''],
        ['b@example.com', '0', 'n'.repeat(501)],
      ],
    );
    const texts = reply.records.map(([text]) => text ?? '');
    assert.equal(reply.status, 200);
    assert.match(texts[0] ?? '', /^\d+$/);
    assert.equal(
      texts[1],
      'MERGEFAILED: Record 1 = RECORD DOES NOT MATCH ANY CONTACTS IN THE LIST CONTACTS_LIST\r\n',
    );
    assert.match(
      texts[2] ?? '',
      /EMAIL_ADDRESS_ is not found in fieldNames or corresponding value is null or empty/,
    );
    assert.match(texts[3] ?? '', /The value "yes" is not valid for the field type INTEGER/);
    assert.match(texts[4] ?? '', /field type STR500/);
    await merge(['EMAIL_ADDRESS_', 'VIP'], [['a@example.com', '0']]);
    assert.deepEqual(await read(sandbox, 'a@example.com', ['VIP', 'NOTE'], rows), ['0', 'x']);
    assert.deepEqual(await read(sandbox, 'b@example.com', ['VIP'], rows), []);
  });

  it('fails each row, not the request, when the match column is not among the fields', async () => {
    await segments();
    const reply = await merge(['CUSTOMER_ID_', 'VIP'], [['c', '1']]);
    assert.match(reply.records[0]?.[0] ?? '', /^MERGEFAILED: Record 0 = EMAIL_ADDRESS_ is not found/);
  });

  it('matches on the RIID, on two columns, and never inserts when told so', async () => {
    await segments();
    const { records } = await addMembers('a@example.com');
    const riid = records[0]?.[0] ?? '';
    const only = { insertOnNoMatch: false };
    const none = await merge(['RIID_', 'VIP'], [[riid, '1']], { ...only, matchColumnName1: 'RIID' });
    assert.match(none.records[0]?.[0] ?? '', /No match found/);
    const pair = { matchColumnName1: 'RIID', matchColumnName2: 'EMAIL_ADDRESS' };
    const fields = ['RIID_', 'EMAIL_ADDRESS_', 'VIP'];
    assert.match(
      (await merge(fields, [[riid, 'b@example.com', '1']], pair)).records[0]?.[0] ?? '',
      /DOES NOT MATCH/,
    );
    assert.deepEqual((await merge(fields, [[riid, 'a@example.com', '1']], pair)).records, [[riid]]);
    const kept = { matchColumnName1: 'RIID', updateOnMatch: 'NO_UPDATE' };
    assert.deepEqual((await merge(['RIID_', 'VIP'], [[riid, '5']], kept)).records, [[riid]]);
    assert.deepEqual(await read(sandbox, 'a@example.com', ['RIID_', 'VIP'], rows), [riid, '1']);
  });

  it('refuses match columns in the list spelling, inserting on a hash, and unknown fields', async () => {
    await segments();
    const one = [['a@example.com', '1']];
    const fields = ['EMAIL_ADDRESS_', 'VIP'];
    const listSpelling = await merge(fields, one, { matchColumnName1: 'EMAIL_ADDRESS_' });
    assert.deepEqual(
      [listSpelling.status, listSpelling.errorCode, listSpelling.detail],
      [400, 'INVALID_PARAMETER', 'Match Column is null'],
    );
    const hash = await merge(['EMAIL_MD5_HASH_', 'VIP'], one, { matchColumnName1: 'EMAIL_MD5_HASH' });
    assert.equal(hash.errorCode, 'INVALID_PARAMETER');
    assert.equal((await merge(['EMAIL_ADDRESS_', 'FIRST_NAME'], one)).errorCode, 'INVALID_FIELD_NAME');
    assert.equal((await merge(['EMAIL_ADDRESS_', 'MODIFIED_DATE_'], one)).errorCode, 'INVALID_PARAMETER');
    const elsewhere = await sandbox.call('POST', `${tables}/Nope/members`, tableMerge(fields, one));
    assert.equal(elsewhere.errorCode, 'PROFILE_EXTENSION_NOT_FOUND');
    const many = Array.from({ length: 201 }, () => ['a@example.com', '1']);
    assert.equal((await merge(fields, many)).errorCode, 'RECIPIENT_LIMIT_EXCEEDED');
  });

  it('wants the single matchColumn where the account is of that kind', async () => {
    await segments();
    await addMembers('a@example.com');
    await sandbox.control('POST', 'config', { petMatchColumn: 'matchColumn' });
    const fields = ['EMAIL_ADDRESS_', 'VIP'];
    assert.equal((await merge(fields, [['a@example.com', '1']])).detail, 'Match Column is null');
    const changes = { matchColumnName1: undefined, matchColumnName2: undefined };
    const body = tableMerge(fields, [['a@example.com', '1']], changes);
    const reply = await sandbox.call('POST', rows, { ...body, matchColumn: 'EMAIL_ADDRESS' });
    assert.match(reply.records[0]?.[0] ?? '', /^\d+$/);
    await sandbox.control('POST', 'config', { petAnswer: 'echo' });
    const echoed = await sandbox.call('POST', rows, { ...body, matchColumn: 'EMAIL_ADDRESS' });
    assert.deepEqual(echoed.records, [['a@example.com', '1']]);
  });

  it('knows a new list member only after the lag that is set', async () => {
    await segments();
    await addMembers('old@example.com');
    await sandbox.control('POST', 'config', { petLagMs: 60_000 });
    await addMembers('new@example.com');
    const fields = ['EMAIL_ADDRESS_', 'VIP'];
    const reply = await merge(fields, [
      ['old@example.com', '1'],
      ['new@example.com', '1'],
    ]);
    assert.match(reply.records[0]?.[0] ?? '', /^\d+$/);
    assert.match(reply.records[1]?.[0] ?? '', /DOES NOT MATCH ANY CONTACTS/);
  });

  it('loses its rows with their members, and one by one', async () => {
    await segments();
    const { records } = await addMembers('a@example.com', 'b@example.com');
    await merge(
      ['EMAIL_ADDRESS_', 'VIP'],
      [
        ['a@example.com', '1'],
        ['b@example.com', '1'],
      ],
    );
    await sandbox.call('DELETE', `${members}/${records[0]?.[0]}`);
    assert.equal(
      (await sandbox.call('GET', `${rows}/${records[0]?.[0]}?fs=all`)).errorCode,
      'RECORD_NOT_FOUND',
    );
    assert.equal((await sandbox.call('DELETE', `${rows}/${records[1]?.[0]}`)).status, 200);
    const { json } = await sandbox.control('GET', 'state');
    const [list] = (json as { lists: { members: number; tables: { rows: number }[] }[] }).lists;
    assert.deepEqual([list?.members, list?.tables[0]?.rows], [1, 0]);
  });
});
