import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkBody, descriptionAbsent } from '../../contract/responsys-description.ts';
import { records, refusal, rowsOf, startStub, tokenPath } from './stub.ts';
import type { Asked } from './stub.ts';

const listRule = {
  insertOnNoMatch: true,
  updateOnMatch: 'REPLACE_ALL',
  defaultPermissionStatus: 'OPTOUT',
} as const;
const tableRule = { insertOnNoMatch: true, updateOnMatch: 'REPLACE_ALL' } as const;

const violations = ({ method, path, body }: Asked, change: object = {}) =>
  checkBody(method, path, 'request', { ...body, ...change });

describe('what the client sends, beside Oracle’s API description', () => {
  if (descriptionAbsent !== undefined && process.env['CI'] === 'true')
    test('needs the description with CI=true', () => assert.fail(descriptionAbsent));

  const skip = descriptionAbsent ?? false;

  test(
    'fits it, but for the known deviations: merges in each form, a new table, and a trigger',
    { skip },
    async () => {
      const { responsys, asked } = await startStub((request) => {
        if (request.path.endsWith('/listExtensions')) return { body: true };
        if (request.path.endsWith('/email')) return { body: [] };
        if (request.path.includes('OldTable') && !('matchColumn' in request.body))
          return refusal(400, 'INVALID_PARAMETER', 'Match Column is null');
        return records(
          ['RIID_'],
          rowsOf(request).map((_, index) => [String(index + 1)]),
        );
      });
      const columns = ['EMAIL_ADDRESS_', 'CUSTOMER_ID_'];
      const rows = [
        ['ann@example.com', '1'],
        ['bj\u00f6rn@example.com', '2'],
      ];
      const two = ['EMAIL_ADDRESS_', 'CUSTOMER_ID_'] as const;
      for (const matchColumns of [[two[0]], two])
        await responsys.mergeListMembers('LIST', { columns, rows, rule: { matchColumns, ...listRule } });
      await responsys.mergeListMembers('LIST', {
        columns: ['RIID_'],
        rows: [['7']],
        rule: { matchColumns: ['RIID_'], ...listRule, insertOnNoMatch: false, updateOnMatch: 'NO_UPDATE' },
      });
      for (const matchColumns of [['RIID_'], two])
        await responsys.mergeTableMembers('LIST', 'Table', { columns, rows, matchColumns, ...tableRule });
      await responsys.mergeTableMembers('LIST', 'OldTable', {
        columns: ['RIID_', 'age'],
        rows: [['7', '30']],
        matchColumns: ['RIID_'],
        ...tableRule,
      });
      const fields = ['STR500', 'STR4000', 'INTEGER', 'NUMBER', 'TIMESTAMP'].map((type) => ({
        name: `C_${type}`,
        type,
      }));
      await responsys.createExtensionTable('LIST', { name: 'New', folder: 'Lytics', fields });
      await responsys.triggerEmail('Campaign', [
        { riid: '7', optionalData: { TIER: 'gold', CITY: 'K\u00f6ln' } },
        { riid: '8', optionalData: {} },
      ]);

      const sent = asked.filter(({ path }) => path !== tokenPath);
      assert.equal(sent.length, 9, 'the old form of a table merge comes after the new one');
      assert.deepEqual(sent.map(({ body }) => 'matchColumn' in body).filter(Boolean), [true]);
      for (const one of sent) assert.deepEqual(violations(one), [], one.path);

      // The check itself, on what was just found to fit: each of these would be seen.
      const [list, , , table] = sent;
      const last = sent.at(-2);
      const trigger = sent.at(-1);
      assert.ok(list !== undefined && table !== undefined && last !== undefined && trigger !== undefined);
      const { mergeRule } = list.body as { mergeRule: object };
      const numbers = { recordData: { fieldNames: columns, records: [[1, 2]], mapTemplateName: null } };
      assert.match(violations(list, numbers).join(), /records\/0\/0: must be string/);
      assert.match(
        violations(list, { mergeRule: { ...mergeRule, matchColumnName1: 'EMAIL' } }).join(),
        /matchColumnName1/,
      );
      assert.match(violations(list, { insertOnNoMatch: true }).join(), /insertOnNoMatch/);
      assert.match(violations(table, { matchColumnName1: 'RIID_' }).join(), /matchColumnName1/);
      assert.match(violations(table, { updateOnMatch: 'UPDATE' }).join(), /updateOnMatch/);
      const spoiled = [{ recipient: { recipientId: '7' }, optionalData: [{ name: 'TIER', value: null }] }];
      assert.match(
        violations(trigger, { recipientData: spoiled }).join(),
        /recipientId: must be number.*value: must be string/,
      );
      assert.match(violations(last, { fields: [{ fieldName: 'A', type: 'STR500' }] }).join(), /\(type\)/);
    },
  );

  test('has no login, whose forms other tests hold against the guide', { skip }, () => {
    assert.match(checkBody('POST', tokenPath, 'request', {}).join(), /has no POST/);
  });
});
