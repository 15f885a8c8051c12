/**
 * What the sandbox is without a configuration: one account with two API users, two profile lists, some campaigns, and
 * Responsys' behaviour as the reference has it.
 */

export const defaults = {
  account: { name: 'SANDBOX', displayName: 'Sandbox', timeZone: 'America/Los_Angeles' },
  users: {
    sandbox: { password: 'sandbox-password', email: 'sandbox@example.com' },
    'sandbox-second': { password: 'sandbox-password', email: 'sandbox-second@example.com' },
  },
  folders: ['!MasterData', 'CONTACTS_LIST', 'Lytics'],
  lists: [
    {
      name: 'CONTACTS_LIST',
      folder: 'Lytics',
      fields: [
        { name: 'FIRST_NAME', type: 'STR500' },
        { name: 'LAST_NAME', type: 'STR500' },
        { name: 'LOYALTY_TIER', type: 'STR500' },
        { name: 'LOYALTY_POINTS', type: 'INTEGER' },
        { name: 'LIFETIME_VALUE', type: 'NUMBER' },
        { name: 'LAST_PURCHASE', type: 'TIMESTAMP' },
        { name: 'NOTES', type: 'STR4000' },
      ],
    },
    { name: 'NEWSLETTER_LIST', folder: '!MasterData', fields: [{ name: 'FIRST_NAME', type: 'STR500' }] },
  ],
  campaigns: [
    {
      ...{ name: 'Lytics_Welcome', folder: 'Lytics', list: 'CONTACTS_LIST', subject: 'Good to have you' },
      tables: ['Lytics_User_Fields'],
    },
    {
      ...{ name: 'Lytics_Receipt', folder: 'Lytics', list: 'CONTACTS_LIST', subject: 'Your order' },
      purpose: 'TRANSACTIONAL',
    },
    {
      ...{ name: 'Lytics_Draft', folder: 'Lytics', list: 'CONTACTS_LIST', subject: 'Not yet' },
      status: 'DRAFT',
    },
    {
      ...{ name: 'Summer_Sale', folder: '!MasterData', list: 'CONTACTS_LIST', subject: 'Summer is over' },
      status: 'CLOSED',
    },
    { name: 'Newsletter', folder: '!MasterData', list: 'NEWSLETTER_LIST', subject: 'News of the month' },
    { name: 'Text_Offer', folder: 'Lytics', list: 'CONTACTS_LIST', type: 'SMS' },
  ],
  undeliverable: [],
  unknownRecipient: 'hidden',
  tokenLifetimeMs: 2 * 60 * 60_000,
  badTokenStatus: 401,
  lockoutAfter: 5,
  limits: {},
  limitWindow: 'clock',
  limitStatus: 401,
  limitBody: 'envelope',
  latencyMs: {},
  petMatchColumn: 'matchColumnName1',
  petAnswer: 'riid',
  petLagMs: 0,
  badEmail: 'whole-request',
  unknownField: 'INVALID_FIELD_NAME',
  permissionOnUpdate: false,
  // The folders are those of Responsys' file server. Source: reference §6.7.
  sftp: { username: 'sandbox_scp', publicKeys: [], folders: ['upload', 'download', 'archive'] },
} as const;
