import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { knownDeviations } from '../contract/known-deviations.ts';
import { checkBody, descriptionAbsent } from '../contract/responsys-description.ts';
import {
  listMerge,
  members,
  newFolder,
  newTable,
  removeFolder,
  startSandbox,
  tableMerge,
  tables,
} from './running.ts';

const rows = `${tables}/Lytics_Segments/members`;
const query = { queryAttribute: 'e', fieldList: ['RIID_', 'CUSTOMER_ID_'], ids: ['a@example.com'] };

describe('the sandbox beside Oracle’s API description', () => {
  if (descriptionAbsent !== undefined && process.env['CI'] === 'true')
    it('needs the description with CI=true', () => assert.fail(descriptionAbsent));

  it('speaks it, but for the known deviations', { skip: descriptionAbsent ?? false }, async (t) => {
    const folder = newFolder();
    const sandbox = await startSandbox(folder);
    t.after(async () => {
      await sandbox.stop();
      removeFolder(folder);
    });
    const check = async (verb: string, path: string, body?: object) => {
      const reply = await sandbox.call(verb, path, body);
      assert.equal(reply.status, 200, `${verb} ${path}: ${reply.text}`);
      const called = `/rest/api/v1.3${path}`;
      if (body !== undefined) assert.deepEqual(checkBody(verb, called, 'request', body), []);
      assert.deepEqual(checkBody(verb, called, 'response', reply.json), []);
      return reply;
    };

    await check('GET', '/user/info');
    await check('GET', '/settings/account/endpoint');
    await check('POST', '/folders', { folderName: 'New' });
    await check('GET', '/folders');
    await check('GET', '/lists');
    await check('GET', '/lists/CONTACTS_LIST/fields');
    const emails = [['a@example.com'], ['b@example.com'], ['c@example.com'], ['']];
    const { records } = await check('POST', members, listMerge(['EMAIL_ADDRESS_'], emails));
    const [a = '', b = ''] = records.map(([riid]) => riid ?? '');
    await check('GET', `${members}?qa=e&fs=all&id=a%40example.com`);
    await check('GET', `${members}/${a}?fs=all`);
    await check('GET', `${members}/count`);
    await check('POST', `${members}?action=get`, query);
    await check('GET', '/campaigns');
    await check('GET', '/campaigns?limit=2&offset=2&type=email');
    await check('GET', '/campaigns/Lytics_Welcome');
    await check('GET', '/campaigns/Lytics_Welcome/attributes/dataSources');
    const optionalData = [{ name: 'TIER', value: 'gold' }];
    await check('POST', '/campaigns/Lytics_Welcome/email', {
      recipientData: [
        { recipient: { recipientId: Number(a), emailFormat: 'HTML_FORMAT' }, optionalData },
        { recipient: { emailAddress: 'nobody@example.com' }, optionalData: [] },
      ],
    });
    await check('POST', '/campaigns/Lytics_Receipt/email', {
      mergeTriggerRecordData: {
        fieldNames: ['EMAIL_ADDRESS_'],
        mergeTriggerRecords: [
          { fieldValues: ['d@example.com'], optionalData },
          { fieldValues: [''], optionalData: [] },
        ],
      },
      mergeRule: { insertOnNoMatch: true, matchColumnName1: 'EMAIL_ADDRESS_', matchColumnName2: null },
    });
    await check('POST', tables, newTable('Lytics_Segments', [['VIP', 'INTEGER']]));
    await check('GET', tables);
    await check(
      'POST',
      rows,
      tableMerge(
        ['EMAIL_ADDRESS_', 'VIP'],
        [
          ['a@example.com', '1'],
          ['b@example.com', '0'],
          ['x', ''],
        ],
      ),
    );
    await check('GET', `${rows}?qa=e&fs=all&id=a%40example.com`);
    await check('GET', `${rows}/${a}?fs=all`);
    await check('POST', `${rows}?action=get`, { ...query, fieldList: ['VIP'] });
    await check('DELETE', `${rows}/${a}`);
    await check('POST', `${rows}?action=delete`, { queryAttribute: 'r', ids: [b, '1'] });
    await check('DELETE', `${members}/${a}`);
    await check('DELETE', `${members}?qa=r&id=${b}`);
    await check('POST', `${members}?action=delete`, {
      queryAttribute: 'e',
      ids: ['c@example.com', 'd@example.com'],
    });
  });

  it('would show what does not fit', { skip: descriptionAbsent ?? false }, () => {
    const path = `/rest/api/v1.3${members}`;
    const violations = (body: object, at = path) => checkBody('POST', at, 'request', body);
    assert.match(violations(listMerge(['EMAIL_ADDRESS_'], [[1]])).join(), /records\/0\/0: must be string/);
    assert.match(
      violations(listMerge(['EMAIL_ADDRESS_'], [], { insertOnNomatch: true })).join(),
      /insertOnNomatch/,
    );
    assert.match(
      violations(listMerge(['A'], [], { matchColumnName1: 'EMAIL_ADDRESS' })).join(),
      /matchColumnName1/,
    );
    const table = tableMerge(['EMAIL_ADDRESS_'], [], { matchColumnName1: 'EMAIL_ADDRESS_' });
    assert.match(
      violations(table, `/rest/api/v1.3${rows}`).join(),
      /matchColumnName1: must be equal to one of/,
    );
    assert.match(checkBody('PUT', path, 'request', {}).join(), /has no PUT/);
    const merge = '/rest/api/v1.3/campaigns/C/email';
    assert.deepEqual(
      violations({ recipientData: [{ recipient: { emailAddress: 'a@example.com' } }] }, merge),
      [],
    );
  });

  it(
    'has a source for each deviation, which names operations that exist',
    { skip: descriptionAbsent ?? false },
    () => {
      for (const { source, operations } of knownDeviations) {
        assert.notEqual(source, '');
        for (const operation of operations) {
          const [verb = '', path = ''] = operation.split(' ');
          const called = path.replace(/\{(\w+)\}/g, 'x');
          assert.doesNotMatch(
            checkBody(verb, called, 'response', undefined).join(),
            /has no (GET|POST|DELETE)/,
            operation,
          );
        }
      }
    },
  );
});
