import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planCampaign } from '../../activities/campaign-planning.ts';
import type { CampaignAccount } from '../../activities/campaign-planning.ts';
import { exportCampaignSchema } from '../../jobs/export-campaign.ts';
import type { Kind } from '../../jobs/user-fields.ts';
import type { Campaign } from '../../systems/responsys/index.ts';

const written = {
  job: 'export-campaign',
  authorization: 'Main',
  label: 'Welcome mails',
  audience: 'New readers',
  campaign: 'Welcome',
};
const userFields = new Map<string, Kind>([
  ['email', 'string'],
  ['age', 'int'],
  ['tags', '[]string'],
]);
const campaign: Campaign = {
  id: '4711',
  name: 'Welcome',
  folderName: 'Lytics',
  type: 'EMAIL',
  purpose: 'TRANSACTIONAL',
  listName: 'CONTACTS_LIST',
  subject: 'Welcome',
  status: 'ACTIVE',
};
const source = (name: string) => ({ path: `/Lytics/${name}`, name, alias: name, type: 'PET', fields: [] });
const account: CampaignAccount = {
  campaign,
  campaigns: [],
  lists: [
    {
      name: 'CONTACTS_LIST',
      folderName: 'Contacts',
      fields: [
        { name: 'EMAIL_ADDRESS_', type: 'STR500' },
        { name: 'TAGS', type: 'STR500' },
      ],
    },
  ],
  tables: [],
  dataSources: [source('CONTACTS_LIST')],
};
const table = (...fields: readonly (readonly [string, string])[]) => ({
  name: 'LYTICS_USER_FIELDS',
  folderName: 'Contacts',
  fields: fields.map(([name, type]) => ({ name, type })),
});
const audience = { id: 'a-1', name: 'New readers', column: 'NEW_READERS', filter: null };

const plan = (changes: object, other: Partial<CampaignAccount> = {}) =>
  planCampaign(exportCampaignSchema.parse({ ...written, ...changes }), { ...account, ...other }, userFields, [
    audience,
  ]);

test('the plan names the campaign, its list and what it takes; the table is made in the list’s folder', () => {
  assert.deepEqual(plan({ additionalFields: ['age'] }), {
    plan: {
      campaign: 'Welcome',
      campaignId: '4711',
      purpose: 'TRANSACTIONAL',
      list: 'CONTACTS_LIST',
      audienceIds: ['a-1'],
      emailField: 'email',
      fields: {
        name: 'Lytics_User_Fields',
        columns: [{ field: 'age', kind: 'int', column: 'age', type: 'INTEGER' }],
      },
      warnings: [
        'The table Lytics_User_Fields is not among the data sources of Welcome, so that its message cannot read it: ' +
          'add it in Responsys. As optional data of each trigger the fields reach the message all the same.',
      ],
    },
    newTables: [
      { name: 'Lytics_User_Fields', folder: 'Contacts', fields: [{ name: 'age', type: 'INTEGER' }] },
    ],
    faults: [],
  });
});

test('a table that is there and fits is taken as it is spelled; without fields there is none', () => {
  const there = plan(
    { additionalFields: ['age'], insertOnNoMatch: false },
    { tables: [table(['AGE', 'NUMBER'])], dataSources: [source('lytics_user_fields')] },
  );
  assert.deepEqual(there.plan.fields, {
    name: 'LYTICS_USER_FIELDS',
    columns: [{ field: 'age', kind: 'int', column: 'AGE', type: 'NUMBER' }],
  });
  assert.deepEqual([there.newTables, there.plan.warnings, there.faults], [[], [], []]);
  assert.equal(plan({}).plan.fields, null);
});

const many = Array.from({ length: 30 }, (_, index) => ({ ...campaign, name: `Newsletter ${index}` }));
const closed: Campaign = { ...campaign, status: 'CLOSED' };
const faults: readonly (readonly [
  what: string,
  changes: object,
  other: Partial<CampaignAccount>,
  words: readonly RegExp[],
])[] = [
  [
    'a campaign that is not there, with those that are, like ones first and no closed ones',
    { campaign: 'Welcom' },
    {
      campaign: undefined,
      campaigns: [
        ...many,
        campaign,
        { ...campaign, name: 'Welcum', status: 'CLOSED' },
        { ...campaign, name: 'WELCOME BACK' },
      ],
    },
    [
      /^campaign: the account has no campaign "Welcom"; it has Welcome, WELCOME BACK, Newsletter 0,.* and 22 more$/,
    ],
  ],
  [
    'one that is no e-mail campaign',
    {},
    { campaign: { ...campaign, type: 'SMS' }, campaigns: [] },
    [
      /^campaign: "Welcome" is of the type SMS, which no e-mail is sent by; it has no e-mail campaign that is not closed$/,
    ],
  ],
  [
    'one that is closed',
    {},
    { campaign: closed, campaigns: [closed, { ...campaign, name: 'Welcome 2' }] },
    [
      /^campaign: "Welcome" is CLOSED, which triggers nothing: open it in Responsys, or name another; it has Welcome 2$/,
    ],
  ],
  [
    'one whose list is not told, or not seen',
    {},
    { campaign: { ...campaign, listName: '' } },
    [/^campaign: Responsys does not say to which profile list "Welcome" is sent/],
  ],
  [
    'one of a list that the login does not see',
    {},
    { campaign: { ...campaign, listName: 'OTHERS' } },
    [
      /^campaign: "Welcome" is sent to the list OTHERS, which this login does not see; it sees CONTACTS_LIST$/,
    ],
  ],
  [
    'fields that are unknown, that lack a column, and that do not fit theirs, all at once',
    { emailField: 'mail', additionalFields: ['shoe_size', 'age', 'tags'] },
    { tables: [table(['tags', 'INTEGER'])] },
    [
      /^emailField: there is no user field "mail"; there are email, age, tags$/,
      /^additionalFields: there is no user field "shoe_size"/,
      /^fieldsTable: Lytics_User_Fields\.tags is INTEGER, which cannot take tags \(\[\]string\); STR4000 can$/,
      /^fieldsTable: the table Lytics_User_Fields lacks age \(INTEGER\); REST cannot add columns: add them in Responsys/,
    ],
  ],
];
for (const [what, changes, other, words] of faults)
  test(`a fault names ${what}`, () => {
    const found = plan(changes, other).faults;
    assert.equal(found.length, words.length, found.join('\n'));
    for (const [index, one] of words.entries()) assert.match(found[index] ?? '', one);
  });

const warnings: readonly (readonly [changes: object, purpose: string, words: RegExp | undefined])[] = [
  [{}, 'PROMOTIONAL', /are OPTOUT \(defaultPermissionStatus\), and Welcome is PROMOTIONAL and skips them/],
  [{}, '', /does not tell the purpose of Welcome; if it is promotional, it skips them/],
  [{}, 'TRANSACTIONAL', undefined],
  [{ defaultPermissionStatus: 'OPTIN' }, 'PROMOTIONAL', undefined],
  [{ insertOnNoMatch: false }, 'PROMOTIONAL', undefined],
];
for (const [changes, purpose, words] of warnings)
  test(`new members of a ${purpose || 'nameless'} campaign, with ${JSON.stringify(changes)}`, () => {
    const [warning, ...others] = plan(changes, { campaign: { ...campaign, purpose } }).plan.warnings;
    assert.deepEqual(others, []);
    if (words === undefined) assert.equal(warning, undefined);
    else assert.match(warning ?? '', words);
  });

test('a column of the list is told; a system column is refused by the file already', () => {
  const { plan: planned } = plan({ additionalFields: ['tags'] }, { dataSources: undefined });
  assert.deepEqual(planned.warnings, [
    'tags is a column of the list CONTACTS_LIST too: campaigns may read either.',
  ]);
  const refused = exportCampaignSchema.safeParse({ ...written, additionalFields: ['EMAIL_ADDRESS_'] });
  assert.match(refused.error?.issues[0]?.message ?? '', /"EMAIL_ADDRESS_" ends in _, which Responsys keeps/);
});
