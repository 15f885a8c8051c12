import assert from 'node:assert/strict';
import { test } from 'node:test';
import { driftOf } from '../../../activities/delivery/drift.ts';
import type { Held } from '../../../activities/delivery/drift.ts';
import type { ExportPlan } from '../../../jobs/export-plan.ts';
import type { MemberNow } from '../../../systems/store/members.ts';

const plan: ExportPlan = {
  list: 'CONTACTS_LIST',
  sourceAudienceId: 'readers',
  idMappings: [{ field: 'email', column: 'EMAIL_ADDRESS_' }],
  matchColumns: ['EMAIL_ADDRESS_'],
  insertOnNoMatch: true,
  fields: {
    name: 'FIELDS',
    columns: [
      { field: 'spent', kind: 'number', column: 'spent', type: 'NUMBER' },
      { field: 'seen', kind: 'date', column: 'seen', type: 'TIMESTAMP' },
      { field: 'note', kind: 'string', column: 'note', type: 'STR500' },
    ],
  },
  memberships: { name: 'SEGMENTS', columns: [{ audienceId: 'readers', column: 'READERS' }] },
  warnings: [],
};
const member: MemberNow = {
  profileId: 'one',
  asked: 1,
  changeNo: 1,
  inSource: true,
  fields: { email: 'ann@example.com', spent: 1.5, seen: '2026-01-02T03:04:05Z' },
  audienceIds: new Set(['readers']),
};
const held = {
  list: new Map([
    ['EMAIL_ADDRESS_', 'Ann@Example.com'],
    ['EMAIL_PERMISSION_STATUS_', 'I'],
  ]),
  // The note is in Responsys only: a blank of ours never erased it.
  fields: new Map([
    ['SPENT', '1.50'],
    ['SEEN', '2026-01-02T03:04:05.000+00:00'],
    ['NOTE', 'theirs'],
  ]),
  memberships: new Map([['READERS', '1']]),
} satisfies Held;

const kindsOf = (now: MemberNow, records: Held): string[] =>
  driftOf(now, plan, records).map(({ kind, target }) => `${kind} ${target}`);

test('the same written otherwise is no drift, and neither is what was never sent', () => {
  assert.deepEqual(driftOf(member, plan, held), []);
});

test('opted in although the profile says opted out is told', () => {
  const fields = { ...member.fields, email_last_opt_out_ts: '2026-01-01T00:00:00Z' };
  assert.deepEqual(kindsOf({ ...member, fields }, held), ['consent list']);
});

test('of one who left only the membership is expected: 0', () => {
  const left: MemberNow = { ...member, inSource: false, audienceIds: new Set() };
  assert.deepEqual(kindsOf(left, { ...held, fields: undefined }), ['membership memberships']);
  const told = { ...held, fields: undefined, memberships: new Map([['READERS', '0']]) };
  assert.deepEqual(kindsOf(left, told), []);
});

test('a record or a row that is missing is one difference, not one a column', () => {
  assert.deepEqual(kindsOf(member, { list: undefined, fields: undefined, memberships: undefined }), [
    'missing list',
  ]);
  assert.deepEqual(kindsOf(member, { ...held, fields: undefined, memberships: undefined }), [
    'missing fields',
    'missing memberships',
  ]);
});
