import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { ResponsysError, limitsByFunction } from '../../../systems/responsys/index.ts';
import { splitRows } from '../../../systems/responsys/body.ts';
import { records, refusal, rowsOf, startStub } from './stub.ts';
import type { Reply } from './stub.ts';

const rule = {
  matchColumns: ['EMAIL_ADDRESS_'],
  insertOnNoMatch: true,
  updateOnMatch: 'REPLACE_ALL',
  defaultPermissionStatus: 'OPTOUT',
} as const;
const columns = ['EMAIL_ADDRESS_', 'FIRST_NAME'];
const table = { matchColumns: ['RIID_'], insertOnNoMatch: true, updateOnMatch: 'REPLACE_ALL' } as const;
const taken = (rows: readonly unknown[]): Reply =>
  records(
    ['RIID_'],
    rows.map((_, n) => [String(n + 1)]),
  );

test('failures inside a 200 are told apart from taken rows, in whatever column they stand', async () => {
  const stub = await startStub(() =>
    records(
      ['RIID_', 'X'],
      [
        [470515045, ''],
        ['MERGEFAILED: Record 1 = The value "1w" is not valid for the field type INTEGER\r\n', ''],
        ['', 'MERGEFAILED: Record 2 = INVALID_PARAMETER: The value ssdcf is not a valid email address'],
        [
          'MERGEFAILED: Record 3 = EMAIL_ADDRESS_ is not found in fieldNames or corresponding value is null',
          '',
        ],
        ['MERGEFAILED: something never seen', ''],
      ],
    ),
  );
  const rows = Array.from({ length: 5 }, (_, n) => [`p${n}@example.com`, 'é😀']);
  const result = await stub.responsys.mergeListMembers('A list', { columns, rows, rule });
  assert.deepEqual(
    result.rows.map((row) => (row.outcome === 'rejected' ? [row.code, row.words] : row)),
    [
      { outcome: 'accepted', riid: '470515045' },
      ['wrong-type', 'The value "1w" is not valid for the field type INTEGER'],
      ['bad-email', 'INVALID_PARAMETER: The value ssdcf is not a valid email address'],
      ['missing-key', 'EMAIL_ADDRESS_ is not found in fieldNames or corresponding value is null'],
      ['refused', 'something never seen'],
    ],
  );
  const call = stub.asked.at(-1);
  assert.equal(call?.path, '/rest/api/v1.3/lists/A%20list/members');
  assert.match(call.text, /^[\x20-\x7e]*$/);
  assert.deepEqual(rowsOf(call), rows);
  assert.deepEqual(call.body['mergeRule'], {
    ...{ htmlValue: 'H', textValue: 'T', optinValue: 'I', optoutValue: 'O' },
    ...{ insertOnNoMatch: true, updateOnMatch: 'REPLACE_ALL' },
    ...{ matchColumnName1: 'EMAIL_ADDRESS_', matchColumnName2: null, matchOperator: 'NONE' },
    ...{ rejectRecordIfChannelEmpty: null, defaultPermissionStatus: 'OPTOUT' },
  });
  assert.deepEqual(
    result.requests.map(({ rows, status, correlationId }) => ({ rows, status, correlationId })),
    [{ rows: 5, status: 200, correlationId: 'c-1' }],
  );
});

test('an update-only row without a match is not in the list, and no rejection', async () => {
  const stub = await startStub(() =>
    records(['RIID_'], [['MERGEFAILED: Record 0 = No match found for the record'], ['7'], ['']]),
  );
  const { rows } = await stub.responsys.mergeListMembers('L', {
    columns,
    rows: [
      ['a', ''],
      ['b', ''],
      ['c', ''],
    ],
    rule: { ...rule, insertOnNoMatch: false },
  });
  assert.deepEqual(rows, [
    { outcome: 'not-in-list' },
    { outcome: 'accepted', riid: '7' },
    { outcome: 'not-in-list' },
  ]);
});

test('a bad row that refuses its whole request is set aside with its words, and the rest is sent', async () => {
  const stub = await startStub((asked) => {
    const rows = rowsOf(asked);
    const bad = rows.findIndex(([email]) => email === 'canary');
    return bad < 0 ? taken(rows) : refusal(400, 'INVALID_PARAMETER', `Record ${bad} = Bad Email Format\r\n`);
  });
  const rows = Array.from({ length: 201 }, (_, n) => [
    n === 37 || n === 200 ? 'canary' : `p${n}@example.com`,
    '',
  ]);
  const result = await stub.responsys.mergeListMembers('L', { columns, rows, rule });
  assert.deepEqual(
    result.rows.flatMap((row, n) => (row.outcome === 'accepted' ? [] : [[n, row]])),
    [37, 200].map((n) => [n, { outcome: 'rejected', code: 'bad-email', words: 'Bad Email Format' }]),
  );
  assert.deepEqual(
    result.requests.map(({ rows, status }) => [rows, status]),
    [
      [200, 400],
      [199, 200],
      [1, 400],
    ],
  );
  assert.ok(!JSON.stringify(stub.log).includes('canary'));
});

test('what is no row’s fault is thrown at once', async () => {
  for (const [status, code] of [
    [400, 'INVALID_FIELD_NAME'],
    [404, 'LIST_NOT_FOUND'],
    [400, 'RECIPIENT_LIMIT_EXCEEDED'],
    [500, 'UNEXPECTED_EXCEPTION'],
  ] as const) {
    const stub = await startStub(() => refusal(status, code, 'Record 0 = canary'));
    await assert.rejects(
      stub.responsys.mergeListMembers('L', {
        columns,
        rows: [
          ['a', ''],
          ['b', ''],
        ],
        rule,
      }),
      (error: unknown) => error instanceof ResponsysError && error.errorCode === code,
    );
    assert.equal(stub.asked.length, 2, code);
  }
});

test('a request that is refused whatever its rows is thrown after a few tries, rejecting none', async () => {
  const stub = await startStub(() => refusal(400, 'INVALID_PARAMETER', 'Some setting is not known'));
  const rows = Array.from({ length: 200 }, (_, n) => [`p${n}`, '']);
  await assert.rejects(
    stub.responsys.mergeListMembers('L', { columns, rows, rule }),
    (error: unknown) => error instanceof ResponsysError && error.kind === 'refused',
  );
  assert.ok(stub.asked.length <= 18, `${stub.asked.length} requests`);
});

test('a table is told its match column without the underscore, and the old way once it asks for that', async () => {
  const stub = await startStub(({ body }) =>
    body['matchColumn'] === 'RIID'
      ? { body: { recordData: { fieldNames: ['RIID_', 'VIP'], records: [['5', '1']] } } }
      : refusal(400, 'INVALID_PARAMETER', 'Match Column is null'),
  );
  const merge = { columns: ['RIID_', 'VIP'], rows: [['5', '1']], ...table };
  for (let time = 0; time < 2; time++) {
    const { rows } = await stub.responsys.mergeTableMembers('L', 'T', merge);
    assert.deepEqual(rows, [{ outcome: 'accepted', riid: undefined }]);
  }
  const keys = ['matchColumnName1', 'matchColumnName2', 'matchColumn'];
  assert.deepEqual(
    stub.asked.slice(1).map(({ body }) => keys.map((key) => body[key])),
    [
      ['RIID', null, undefined],
      [undefined, undefined, 'RIID'],
      [undefined, undefined, 'RIID'],
    ],
  );
  const two = { ...merge, matchColumns: ['CUSTOMER_ID_', 'EMAIL_ADDRESS_'] };
  await assert.rejects(stub.responsys.mergeTableMembers('L', 'T', two), ResponsysError);
  assert.equal(stub.asked.at(-1)?.body['matchColumnName2'], 'EMAIL_ADDRESS');
});

test('a table that does not see a new member yet says so in a code of its own', async () => {
  const words = 'RECORD DOES NOT MATCH ANY CONTACTS IN THE LIST CONTACTS_LIST';
  const stub = await startStub(() => records(['RIID_'], [[`MERGEFAILED: Record 0 = ${words}\r\n`]]));
  const { rows } = await stub.responsys.mergeTableMembers('L', 'T', {
    columns: ['RIID_'],
    rows: [['5']],
    ...table,
  });
  assert.deepEqual(rows, [{ outcome: 'rejected', code: 'no-contact', words }]);
});

test('errors are told apart by code first, and say whether anything can have been done', async () => {
  for (const [reply, kind, provesNothingSent, retryAfterMs] of [
    [{ status: 429, body: 'you got rate limited' }, 'throttled', true, 60_000],
    [refusal(400, 'API_LIMIT_EXCEEDED'), 'throttled', true, 60_000],
    [refusal(500, 'INTERNAL_CAPACITY_LIMIT_EXCEEDED'), 'capacity', true, 150_000],
    [{ status: 502, body: '<html>Bad gateway</html>' }, 'service', false, undefined],
    [{ status: 302, body: '', headers: { location: 'https://example.com' } }, 'service', false, undefined],
    [refusal(500, 'UNEXPECTED_EXCEPTION', 'canary'), 'service', false, undefined],
    [refusal(400, 'DUPLICATE_API_REQUEST'), 'refused', false, undefined],
    [refusal(400, 'FOLDER_NOT_FOUND'), 'not-found', true, undefined],
    [refusal(400, 'canary@example.com'), 'refused', false, undefined],
    [undefined, 'network', false, undefined],
  ] as const) {
    const stub = await startStub(() => reply);
    const made = stub.responsys.createExtensionTable('L', { name: 'T', folder: 'F', fields: [] });
    const error = await made.then(
      () => assert.fail('an answer'),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof ResponsysError, String(error));
    assert.deepEqual(
      [error.kind, error.provesNothingSent, error.retryAfterMs],
      [kind, provesNothingSent, retryAfterMs],
    );
    assert.equal(error.cause, undefined);
    const seen = inspect(error, { depth: 9, showHidden: false }) + JSON.stringify([error, stub.log]);
    for (const secret of ['canary', 'token-1', 'p+ä', 'ann&co']) assert.ok(!seen.includes(secret), secret);
  }
});

test('nobody listening proves that nothing was sent', async () => {
  const unused = createServer().listen(0, '127.0.0.1');
  await once(unused, 'listening');
  const host = `127.0.0.1:${(unused.address() as AddressInfo).port}`;
  unused.close();
  await once(unused, 'close');
  const endPoint = `http://${host}`;
  const stub = await startStub(
    () => undefined,
    () => ({ body: { authToken: 't', issuedAt: Date.now(), endPoint } }),
    [host],
  );
  await assert.rejects(stub.responsys.createExtensionTable('L', { name: 'T', folder: 'F', fields: [] }), {
    kind: 'network',
    errorCode: 'ECONNREFUSED',
    provesNothingSent: true,
  });
});

test('lists, tables and limits are read in each form that is documented', async () => {
  const lists = [{ name: 'L', folderName: 'F', fields: [{ fieldName: 'RIID_', fieldType: 'INTEGER' }] }];
  const tables = [
    { profileExtension: { objectName: 'T', folderName: 'F' }, fields: null },
    { fields: [{ fieldName: 'X', fieldType: 'STR500' }] },
  ];
  const limits = [
    { api: 'Merge List Recipients', limit: 400, resource_path: '/x', verb: 'POST', description: '' },
    {
      api: 'other name',
      limit: 10,
      resource_path: '/rest/api/v1.3/lists/{listName}/listExtensions',
      verb: 'POST',
    },
  ];
  for (const wrap of [(items: unknown) => items, (items: unknown) => ({ items })]) {
    const stub = await startStub(({ method, path }) => {
      if (method === 'POST') return { body: true };
      if (path === '/rest/api/ratelimit') return { body: wrap(limits) };
      if (path.endsWith('/fields')) return { body: lists[0] };
      return { body: wrap(path.endsWith('/listExtensions') ? tables : lists) };
    });
    const fields = [{ name: 'RIID_', type: 'INTEGER' }];
    assert.deepEqual(await stub.responsys.lists(), [{ name: 'L', folderName: 'F', fields }]);
    assert.deepEqual(await stub.responsys.listFields('L'), fields);
    assert.deepEqual(await stub.responsys.extensionTables('L'), [{ name: 'T', folderName: 'F', fields: [] }]);
    assert.deepEqual(limitsByFunction(await stub.responsys.rateLimits()), {
      'Merge List Recipients': 400,
      'Create Profile Extension Table': 10,
    });
    await stub.responsys.createExtensionTable('L', { name: 'T', folder: 'F', fields: [] });
  }
});

test('an answer that is missing rows is an error, not a success', async () => {
  const stub = await startStub(() => taken([1]));
  await assert.rejects(
    stub.responsys.mergeListMembers('L', {
      columns,
      rows: [
        ['a', ''],
        ['b', ''],
      ],
      rule,
    }),
    (error: unknown) => error instanceof ResponsysError && error.kind === 'service',
  );
});

test('requests hold at most 200 rows, and stay below 10 MB as they go over the line', () => {
  assert.deepEqual(
    splitRows(Array.from({ length: 401 }, () => ['x'])).map(({ length }) => length),
    [200, 200, 1],
  );
  // Six bytes a character, once escaped.
  const runs = splitRows(Array.from({ length: 100 }, () => ['é'.repeat(40_000)]));
  assert.deepEqual(
    runs.map(({ length }) => length),
    [41, 41, 18],
  );
});
