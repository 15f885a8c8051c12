import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { exportAudienceSchema } from '../../jobs/export-audience.ts';

const smallest = {
  job: 'export-audience',
  authorization: 'My Responsys',
  label: 'Readers',
  audience: 'Readers',
  list: 'CONTACTS_LIST',
  matchColumn1: 'EMAIL_ADDRESS_',
};

function faultsOf(changes: object): string[] {
  const parsed = exportAudienceSchema.safeParse({ ...smallest, ...changes });
  return parsed.success
    ? []
    : parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
}

test('what is left out has the specification’s defaults', () => {
  const job = exportAudienceSchema.parse(smallest);
  assert.deepEqual(job.idMappings, { email: 'EMAIL_ADDRESS_' });
  assert.equal(job.batchSize, 200);
  assert.equal(job.flushInterval, 600_000);
  assert.equal(job.defaultPermissionStatus, 'OPTOUT');
  assert.equal(job.membershipsTable, 'Lytics_Segments');
});

describe('a configuration that cannot work is refused, with the field and what would be right', () => {
  const refused: readonly (readonly [object, RegExp])[] = [
    [{ matchColumn1: 'CUSTOMER_ID_' }, /^matchColumn1: CUSTOMER_ID_ is not mapped; map a user field to it/],
    [{ matchColumn2: 'CUSTOMER_ID_' }, /^matchColumn2: CUSTOMER_ID_ is not mapped/],
    [{ matchColumn1: 'EMAIL' }, /^matchColumn1: "EMAIL" is no identifier of a profile list; one of RIID_/],
    [{ idMappings: {} }, /^idMappings: at least one identifier must be mapped/],
    [
      { idMappings: { email: 'EMAIL_ADDRESS_', mail2: 'EMAIL_ADDRESS_' } },
      /mapped from more than one user field/,
    ],
    [
      { idMappings: { email: 'EMAIL_MD5_HASH_' }, matchColumn1: 'EMAIL_MD5_HASH_', insertOnNoMatch: true },
      /^insertOnNoMatch: true does not go with EMAIL_MD5_HASH_/,
    ],
    [
      {
        idMappings: { email: 'EMAIL_ADDRESS_', sha: 'EMAIL_SHA256_HASH_' },
        matchColumn2: 'EMAIL_SHA256_HASH_',
      },
      /cannot be combined with EMAIL_ADDRESS_/,
    ],
    [
      {
        idMappings: { a: 'EMAIL_MD5_HASH_', b: 'EMAIL_SHA256_HASH_' },
        matchColumn1: 'EMAIL_MD5_HASH_',
        matchColumn2: 'EMAIL_SHA256_HASH_',
      },
      /two hash columns cannot be combined/,
    ],
    [{ idMappings: { email: 'EMAIL_ADDRESS_', riid: 'RIID_' } }, /RIID_ can only be a match column/],
    [
      { additionalFields: Array.from({ length: 30 }, (_, index) => `field_${index}`) },
      /^additionalFields: has 30 user fields, up to 29 are allowed/,
    ],
    [
      { exportAudienceMemberships: Array.from({ length: 30 }, (_, index) => `Audience ${index}`) },
      /^exportAudienceMemberships: has 30 audiences, up to 29 are allowed/,
    ],
    [{ additionalFields: ['City', 'CITY'] }, /"CITY" is named twice/],
    [{ additionalFields: ['date'] }, /"date" is a word that Responsys reserves/],
    [{ additionalFields: ['x'.repeat(31)] }, /has 31 characters, 30 are allowed/],
    [{ fieldsTable: 'Lytics_Segments' }, /is the memberships table/],
    [{ flushInterval: '10 days' }, /^flushInterval: "10 days" is no duration from 1s to 24h/],
    [{ batchSize: 201 }, /^batchSize: /],
    [{ lists: 'X' }, /Unrecognized key: "lists"/],
  ];
  for (const [changes, expected] of refused) {
    test(JSON.stringify(changes).slice(0, 90), () => {
      const faults = faultsOf(changes);
      assert.ok(
        faults.some((fault) => expected.test(fault)),
        `expected ${String(expected)} among:\n${faults.join('\n')}`,
      );
    });
  }
});

test('hash and RIID matches do not insert unless told, and cannot be told', () => {
  assert.deepEqual(
    faultsOf({ idMappings: { email: 'EMAIL_MD5_HASH_' }, matchColumn1: 'EMAIL_MD5_HASH_' }),
    [],
  );
});
