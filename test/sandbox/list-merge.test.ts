import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, beforeEach, describe, it } from 'node:test';
import { listMerge, members, newFolder, read, removeFolder, startSandbox } from './running.ts';
import type { Running } from './running.ts';

describe('merging into a list of the sandbox', () => {
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

  const merge = (fields: unknown, records: unknown, changes?: object) =>
    sandbox.call('POST', members, listMerge(fields, records, changes));
  const count = async () => ((await sandbox.call('GET', `${members}/count`)).json as { count: number }).count;
  const columns = (...values: string[]) => values;

  it('answers a stable RIID a row, as text, and echoes the rule', async () => {
    const first = await merge(
      ['EMAIL_ADDRESS_', 'FIRST_NAME'],
      [
        ['a@example.com', 'Ann'],
        ['b@example.com', ''],
      ],
    );
    const again = await merge(['email_address_'], [['b@example.com'], ['A@Example.com']]);
    assert.equal(first.status, 200);
    assert.match(first.records[0]?.[0] ?? '', /^\d+$/);
    assert.deepEqual(again.records, [...first.records].reverse());
    const { mergeRule } = first.json as { mergeRule: object };
    assert.deepEqual(mergeRule, {
      ...(listMerge([], []) as { mergeRule: object }).mergeRule,
      matchColumnName3: null,
    });
    assert.equal(await count(), 2);
  });

  it('replaces what is given, blanks too, and leaves the other columns', async () => {
    const fields = ['FIRST_NAME', 'LAST_NAME', 'LOYALTY_TIER'];
    await merge(['EMAIL_ADDRESS_', ...fields], [['a@example.com', 'Ann', 'Lee', 'gold']]);
    await merge(['EMAIL_ADDRESS_', 'FIRST_NAME', 'LAST_NAME'], [['a@example.com', 'Anna', '']]);
    assert.deepEqual(await read(sandbox, 'a@example.com', fields), ['Anna', '', 'gold']);
    const left = await merge(['EMAIL_ADDRESS_', 'FIRST_NAME'], [['a@example.com', 'X']], {
      updateOnMatch: 'NO_UPDATE',
    });
    assert.match(left.records[0]?.[0] ?? '', /^\d+$/);
    assert.deepEqual(await read(sandbox, 'a@example.com', ['FIRST_NAME']), ['Anna']);
  });

  it('lets the later of two rows on one member win, under one RIID', async () => {
    const reply = await merge(
      ['EMAIL_ADDRESS_', 'FIRST_NAME'],
      [
        ['a@example.com', 'One'],
        ['a@example.com', 'Two'],
      ],
    );
    assert.equal(reply.records[0]?.[0], reply.records[1]?.[0]);
    assert.deepEqual(await read(sandbox, 'a@example.com', ['FIRST_NAME']), ['Two']);
    assert.equal(await count(), 1);
  });

  it('hides rows of the wrong type in a 200, and merges the others', async () => {
    const fields = columns('EMAIL_ADDRESS_', 'LOYALTY_POINTS', 'LIFETIME_VALUE', 'LAST_PURCHASE', 'CITY_');
    const time = '2026-02-03T04:05:06.789Z';
    const reply = await merge(fields, [
      ['a@example.com', '12', '1.50', time, 'Oslo'],
      ['b@example.com', '1w', '', '', ''],
      ['c@example.com', '', 'x', '', ''],
      ['d@example.com', '', '', '2026-02-30 04:05:06', ''],
      ['e@example.com', '', '', '02/03/2026', ''],
      ['f@example.com', '', '', '', 'o'.repeat(51)],
      ['', '1', '', '', ''],
      ['g@example.com', '-3', '-.5', '2026-02-03 04:05:06', 'é'.repeat(50)],
    ]);
    const texts = reply.records.map(([text]) => text ?? '');
    assert.equal(reply.status, 200);
    assert.equal(
      texts[1],
      'MERGEFAILED: Record 1 = The value "1w" is not valid for the field type INTEGER\r\n',
    );
    assert.match(texts[2] ?? '', /Record 2 = The value "x" is not valid for the field type NUMBER/);
    assert.match(texts[3] ?? '', /field type TIMESTAMP/);
    assert.match(texts[4] ?? '', /field type TIMESTAMP/);
    assert.match(texts[5] ?? '', /field type STR50/);
    assert.match(
      texts[6] ?? '',
      /Record 6 = EMAIL_ADDRESS_ is not found in fieldNames or corresponding value is null or empty/,
    );
    assert.match(texts[7] ?? '', /^\d+$/);
    assert.equal(await count(), 2);
    assert.deepEqual(await read(sandbox, 'a@example.com', ['LAST_PURCHASE']), [time]);
  });

  it('refuses all for a bad address, naming the first, naming none, or hiding it', async () => {
    const rows = [['a@example.com'], ['nobody'], ['b@'], ['d@example.com']];
    const named = await merge(['EMAIL_ADDRESS_'], rows);
    assert.deepEqual(
      [named.status, named.errorCode, named.detail],
      [400, 'INVALID_PARAMETER', 'Record 1 = Bad Email Format\r\n'],
    );
    assert.equal(await count(), 0);
    await sandbox.control('POST', 'config', { badEmail: 'whole-request-without-index' });
    assert.equal((await merge(['EMAIL_ADDRESS_'], rows)).detail, 'Bad Email Format\r\n');
    await sandbox.control('POST', 'config', { badEmail: 'hidden' });
    const hidden = await merge(['EMAIL_ADDRESS_'], rows);
    assert.match(
      hidden.records[1]?.[0] ?? '',
      /^MERGEFAILED: Record 1 = INVALID_PARAMETER: The value nobody is not a valid email/,
    );
    assert.equal(await count(), 2);
  });

  it('never inserts without a match when told so, nor on RIID_ or a hash', async () => {
    const only = { insertOnNoMatch: false };
    const none = /^MERGEFAILED: Record 0 = No match found/;
    assert.match((await merge(['EMAIL_ADDRESS_'], [['a@example.com']], only)).records[0]?.[0] ?? '', none);
    assert.match(
      (await merge(['RIID_'], [['12']], { matchColumnName1: 'RIID_' })).records[0]?.[0] ?? '',
      none,
    );
    const { records } = await merge(['EMAIL_ADDRESS_'], [['a@example.com']]);
    const riid = records[0]?.[0] ?? '';
    for (const [column, value] of [
      ['RIID_', riid],
      ['EMAIL_MD5_HASH_', createHash('md5').update('a@example.com').digest('hex').toUpperCase()],
      ['EMAIL_SHA256_HASH_', createHash('sha256').update('a@example.com').digest('hex')],
    ] as const) {
      const reply = await merge([column, 'FIRST_NAME'], [[value, column]], {
        ...only,
        matchColumnName1: column,
      });
      assert.deepEqual(reply.records, [[riid]], column);
      assert.deepEqual(await read(sandbox, 'a@example.com', ['FIRST_NAME']), [column]);
    }
    assert.equal(await count(), 1);
  });

  it('matches two columns together', async () => {
    const both = { matchColumnName2: 'CUSTOMER_ID_', matchOperator: 'AND' };
    const fields = ['EMAIL_ADDRESS_', 'CUSTOMER_ID_'];
    const first = await merge(
      fields,
      [
        ['a@example.com', 'c1'],
        ['a@example.com', 'c2'],
      ],
      both,
    );
    assert.notEqual(first.records[0]?.[0], first.records[1]?.[0]);
    assert.deepEqual((await merge(fields, [['a@example.com', 'c2']], both)).records, [first.records[1]]);
    assert.match(
      (await merge(fields, [['a@example.com', '']], both)).records[0]?.[0] ?? '',
      /CUSTOMER_ID_ is not found/,
    );
  });

  it('gives the default permission to inserted records, to updated ones only by a switch', async () => {
    const status = () =>
      read(sandbox, 'a@example.com', ['EMAIL_PERMISSION_STATUS_', 'MOBILE_PERMISSION_STATUS_']);
    await merge(['EMAIL_ADDRESS_'], [['a@example.com']], { defaultPermissionStatus: 'OPTOUT' });
    assert.deepEqual(await status(), ['O', 'O']);
    await merge(['EMAIL_ADDRESS_'], [['a@example.com']]);
    assert.deepEqual(await status(), ['O', 'O']);
    await sandbox.control('POST', 'config', { permissionOnUpdate: true });
    await merge(['EMAIL_ADDRESS_'], [['a@example.com']]);
    assert.deepEqual(await status(), ['I', 'I']);
    const own = { optoutValue: 'no', optinValue: 'yes' };
    const given = await merge(['EMAIL_ADDRESS_', 'EMAIL_PERMISSION_STATUS_'], [['a@example.com', 'N']], own);
    assert.match(given.records[0]?.[0] ?? '', /not valid for the field type CHAR/);
    await merge(['EMAIL_ADDRESS_', 'EMAIL_PERMISSION_STATUS_'], [['a@example.com', 'O']]);
    assert.deepEqual(await status(), ['O', 'I']);
  });

  it('rejects records without an address of a channel that the rule names', async () => {
    const rows = [
      ['c1', 'a@example.com', ''],
      ['c2', 'b@example.com', '4799999999'],
    ];
    const reply = await merge(['CUSTOMER_ID_', 'EMAIL_ADDRESS_', 'MOBILE_NUMBER_'], rows, {
      matchColumnName1: 'CUSTOMER_ID_',
      rejectRecordIfChannelEmpty: 'E,M',
    });
    assert.match(reply.records[0]?.[0] ?? '', /^MERGEFAILED: Record 0 = .*channel M/);
    assert.match(reply.records[1]?.[0] ?? '', /^\d+$/);
  });

  const one = [['a@example.com']];
  const email = ['EMAIL_ADDRESS_'];
  const refusals: readonly (readonly [string, unknown, unknown, object, string])[] = [
    ['a cell that is a number', email, [[1]], {}, 'INVALID_PARAMETER'],
    ['a cell that is null', email, [[null]], {}, 'INVALID_PARAMETER'],
    ['a row too short', ['EMAIL_ADDRESS_', 'FIRST_NAME'], one, {}, 'INVALID_PARAMETER'],
    ['a row too long', email, [['a@example.com', 'x']], {}, 'INVALID_PARAMETER'],
    ['no rows', email, [], {}, 'INVALID_PARAMETER'],
    ['no fields', [], [[]], {}, 'INVALID_PARAMETER'],
    [
      'a field twice',
      ['EMAIL_ADDRESS_', 'email_address_'],
      [['a@example.com', 'x']],
      {},
      'INVALID_PARAMETER',
    ],
    ['201 rows', email, Array.from({ length: 201 }, () => ['a@example.com']), {}, 'RECIPIENT_LIMIT_EXCEEDED'],
    ['an unknown field', ['EMAIL_ADDRESS_', 'NOPE'], [['a@example.com', '']], {}, 'INVALID_FIELD_NAME'],
    ['a match column that is not given', ['CUSTOMER_ID_'], [['c']], {}, 'INVALID_PARAMETER'],
    [
      'a match column without its underscore',
      email,
      one,
      { matchColumnName1: 'EMAIL_ADDRESS' },
      'INVALID_PARAMETER',
    ],
    ['no match column', email, one, { matchColumnName1: null }, 'INVALID_PARAMETER'],
    ['a third match column', email, one, { matchColumnName3: 'RIID_' }, 'INVALID_PARAMETER'],
    [
      'NONE with two match columns',
      ['EMAIL_ADDRESS_', 'CUSTOMER_ID_'],
      [['a@example.com', 'c']],
      { matchColumnName2: 'CUSTOMER_ID_' },
      'INVALID_PARAMETER',
    ],
    ['the operator OR', email, one, { matchOperator: 'OR' }, 'INVALID_PARAMETER'],
    [
      'inserting on a hash',
      ['EMAIL_MD5_HASH_'],
      [['x']],
      { matchColumnName1: 'EMAIL_MD5_HASH_' },
      'INVALID_PARAMETER',
    ],
    [
      'a hash with the address',
      ['EMAIL_MD5_HASH_', 'EMAIL_ADDRESS_'],
      [['x', 'a@example.com']],
      {
        matchColumnName1: 'EMAIL_MD5_HASH_',
        matchColumnName2: 'EMAIL_ADDRESS_',
        matchOperator: 'AND',
        insertOnNoMatch: false,
      },
      'INVALID_PARAMETER',
    ],
    [
      'a read-only column',
      ['EMAIL_ADDRESS_', 'CREATED_DATE_'],
      [['a@example.com', '']],
      {},
      'INVALID_PARAMETER',
    ],
    [
      'RIID_ that is not matched on',
      ['EMAIL_ADDRESS_', 'RIID_'],
      [['a@example.com', '1']],
      {},
      'INVALID_PARAMETER',
    ],
    ['text for a boolean', email, one, { insertOnNoMatch: 'true' }, 'INVALID_PARAMETER'],
    ['an unknown updateOnMatch', email, one, { updateOnMatch: 'REPLACE' }, 'INVALID_PARAMETER'],
    ['an unknown permission', email, one, { defaultPermissionStatus: 'IN' }, 'INVALID_PARAMETER'],
    ['an unknown channel', email, one, { rejectRecordIfChannelEmpty: 'E,X' }, 'INVALID_PARAMETER'],
    ['an unknown key', email, one, { insertOnNomatch: true }, 'INVALID_REQUEST_CONTENT'],
  ];
  for (const [what, fields, records, changes, code] of refusals)
    it(`refuses ${what}`, async () => {
      const reply = await merge(fields, records, changes);
      assert.deepEqual([reply.status, reply.errorCode], [400, code]);
      assert.equal(await count(), 0);
    });

  it('refuses what is no JSON, another content type, and unknown lists', async () => {
    const plain = await sandbox.call('POST', members, {}, { 'content-type': 'text/plain' });
    assert.deepEqual([plain.status, plain.errorCode], [400, 'INVALID_REQUEST_CONTENT']);
    const array = await sandbox.call('POST', members, []);
    assert.deepEqual([array.status, array.errorCode], [400, 'INVALID_REQUEST_CONTENT']);
    const unknown = await sandbox.call('POST', '/lists/fakelist/members', listMerge(email, one));
    assert.deepEqual([unknown.errorCode, unknown.detail], ['LIST_NOT_FOUND', 'fakelist List Not Found']);
  });

  it('drops the connection for a body beyond 10 MB', async () => {
    const large = listMerge(email, [['x'.repeat(10_000_001)]]);
    await assert.rejects(sandbox.call('POST', members, large));
    assert.equal((await sandbox.call('GET', '/user/info')).status, 200);
  });

  it('reads and deletes members by attribute and RIID', async () => {
    const { records } = await merge(
      ['EMAIL_ADDRESS_', 'FIRST_NAME'],
      [
        ['a@example.com', 'A'],
        ['b@example.com', 'B'],
      ],
    );
    const [a = '', b = ''] = records.map(([riid]) => riid ?? '');
    const byRiid = await sandbox.call('GET', `${members}/${a}?fs=RIID_,FIRST_NAME`);
    assert.deepEqual(byRiid.records, [[a, 'A']]);
    assert.deepEqual(
      (await sandbox.call('GET', `${members}?qa=e&fs=first_name&id=b%40example.com`)).records,
      [['B']],
    );
    const query = { queryAttribute: 'r', fieldList: ['RIID_'], ids: [b, '1', a] };
    assert.deepEqual((await sandbox.call('POST', `${members}?action=get`, query)).records, [[b], [a]]);
    assert.equal((await sandbox.call('GET', `${members}/1?fs=all`)).errorCode, 'RECORD_NOT_FOUND');
    const gone = await sandbox.call('POST', `${members}?action=delete`, {
      queryAttribute: 'e',
      ids: ['a@example.com'],
    });
    assert.deepEqual(gone.records, [[a]]);
    assert.equal((await sandbox.call('DELETE', `${members}/${b}`)).status, 200);
    assert.equal((await sandbox.call('DELETE', `${members}/${b}`)).errorCode, 'RECORD_NOT_FOUND');
    assert.equal(await count(), 0);
    assert.notEqual((await merge(email, one)).records[0]?.[0], a);
  });
});
