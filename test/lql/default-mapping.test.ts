/**
 * The default mapping against the specification's table: its rows are read from the table's text, and what
 * each has to give is written here by hand, from one event of every type.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventsOfChannel } from '../../jobs/event-types.ts';
import { defaultMappingText } from '../../lql/default-mapping.ts';
import { compileMapping } from '../../lql/mapping/mapping.ts';
import { sharedText } from './shared-text.ts';

const mapping = compileMapping(defaultMappingText, { noIdentity: ['null', 'unknown', '0', '-1'] });

/** Sunday the 17th of November 2024, 13:05:22 UTC. */
const FIRST = '2024-11-17T13:05:22.000Z';
const LAST = '2024-12-02T23:59:59.000Z';

const row = {
  email: 'Test <TEST@test.com>',
  riid: '4711',
  mobile_number: '4915112345678',
  campaign_id: '33',
  list_id: '9',
  offer_name: 'Autumn',
  offer_category: 'Shoes',
  segment_info: 'VIP',
  // Hashed by Lytics' engine to this key: vector hash_urlmain-003.
  offer_url: 'https://subdomain.domain.tld/path/extended_path?qsparam=p1&qsp2=param2',
};

function valuesAfter(...events: readonly (readonly [type: string, time: string])[]): Record<string, unknown> {
  const aggregate = mapping.newAggregate();
  for (const [event, time] of events) mapping.fold(aggregate, { ...row, event }, Date.parse(time));
  return mapping.valuesOf(aggregate);
}

/** Which event a counter's name stands for, from the specification's descriptions. */
const eventOf: Readonly<Record<string, string>> = {
  email_bounce: 'bounce',
  email_click: 'click',
  email_complaint: 'complaint',
  email_open: 'open',
  email_opt_in: 'opt_in',
  email_opt_out: 'opt_out',
  email_sent: 'sent',
  sms_bounce: 'sms_fail',
  sms_open: 'sms_delivered',
  sms_opt_in: 'sms_opt_in',
  sms_opt_out: 'sms_opt_out',
  sms_sent: 'sms_sent',
};

/** What a click at FIRST and an SMS sent at LAST leave in the fields that are no counter of one type. */
const expected: Readonly<Record<string, unknown>> = {
  rs_campaign_id: '33',
  email: 'test@test.com',
  email_domain: 'test.com',
  last_channel_activities: { email: FIRST, sms: LAST },
  last_active_ts: LAST,
  phone: '4915112345678',
  rs_user_id: '4711',
  channels: ['email', 'sms'],
  rs_list_id: ['9'],
  rs_categories: ['Shoes'],
  rs_offers: ['Autumn'],
  email_urls: [row.offer_url],
  rs_segments: ['VIP'],
  hashedurls: { '6826433706651156625': 2 },
  hourly: { '13': 1, '23': 1 },
  hour_of_week: { '13': 1, '47': 1 },
  month_of_year: { '11': 1, '12': 1 },
};

interface TableRow {
  readonly source: string;
  readonly field: string;
  readonly description: string;
  readonly kind: string;
  readonly isIdentity: boolean;
}

const given = sharedText('lytics-responsys.md');
const skip = 'absent' in given ? given.absent : false;
const table = 'absent' in given ? [] : rowsOf(given.text);

/** "riid | rs_user_id unique id | Responsys Id | string |"; the e-mail row has lost its description. */
function rowsOf(text: string): readonly TableRow[] {
  const start = text.indexOf('Source Field | Lytics User Field');
  const lines = text.slice(start, text.indexOf('\nConfiguration', start)).split('\n').slice(2);
  return lines
    .filter((line) => line.includes('|'))
    .map((line) => {
      const cells = line.split('|').map((cell) => cell.trim());
      const [source = '', name = '', ...others] = cells.filter((cell) => cell !== '');
      const kind = others.at(-1) ?? '';
      return {
        source,
        field: name.replace(' unique id', ''),
        description: others.length > 1 ? (others[0] ?? '') : 'Email Address',
        kind,
        isIdentity: name.endsWith(' unique id'),
      };
    });
}

test(
  'The mapping has the table’s fields, kinds, descriptions and identities, and no others',
  { skip },
  () => {
    const told = ({ field, description, kind, isIdentity }: Omit<TableRow, 'source'>): string =>
      [field, description, kind, isIdentity].join(' | ');
    assert.deepEqual(
      mapping.fields
        .map(({ name, description = '', kind, isIdentity }) =>
          told({ field: name, description, kind, isIdentity }),
        )
        .sort(),
      table.map(told).sort(),
    );
    assert.equal(table.length, 53);
  },
);

test('Every row of the table gives what it says', { skip }, () => {
  const both = valuesAfter(['click', FIRST], ['sms_sent', LAST]);
  for (const { source, field } of table) {
    const counter = /^(?<of>(?:email|sms)_\w+?)_ct$/.exec(field)?.groups?.['of'];
    const [, channel = '', edge, what = ''] = /^(email|sms)_(first|last)_(\w+)_ts$/.exec(field) ?? [];
    if (counter === undefined && edge === undefined) {
      assert.deepEqual(both[field], expected[field], `${source} → ${field}`);
      continue;
    }
    const type = eventOf[counter ?? `${channel}_${what}`];
    assert.ok(type !== undefined, field);
    // The later one comes first: order is not what decides.
    const values = valuesAfter([type, LAST], [type, FIRST], [type, '2024-11-20T00:00:00Z']);
    const right = counter !== undefined ? 3 : edge === 'first' ? FIRST : LAST;
    assert.equal(values[field], right, `${source} → ${field}`);
    const others = Object.values(eventOf).filter((one) => one !== type);
    const untouched = valuesAfter(...others.map((one) => [one, FIRST] as const));
    assert.equal(untouched[field], undefined, `${field} comes from ${type} only`);
  }
});

test('Types with a channel are activity in it; the others touch no activity and no counter', () => {
  const activity = [
    'channels',
    'last_channel_activities',
    'last_active_ts',
    'hourly',
    'hour_of_week',
    'month_of_year',
  ];
  for (const [channel, types] of Object.entries(eventsOfChannel))
    for (const type of types) {
      const values = valuesAfter([type, FIRST]);
      assert.deepEqual(values['channels'], [channel], type);
      assert.deepEqual(values['last_channel_activities'], { [channel]: FIRST }, type);
      assert.equal(values['last_active_ts'], FIRST, type);
      assert.deepEqual(values['hour_of_week'], { '13': 1 }, type);
    }
  for (const type of [
    'push_sent',
    'mms_sent',
    'holdout_group',
    'program',
    'launch_state',
    'webpush_opened',
    'SENT',
  ])
    for (const [field, value] of Object.entries(valuesAfter([type, FIRST])))
      assert.ok(
        !activity.includes(field) && !/_(?:ct|ts)$/.test(field),
        `${type} gives ${field} ${JSON.stringify(value)}`,
      );
  assert.ok(!Object.keys(valuesAfter(['sms_open', FIRST])).some((field) => field.endsWith('_ct')));
});

test('An address and a RIID find a profile; what is no identity does not', () => {
  assert.deepEqual(mapping.identitiesOf(row, 0), [
    { field: 'email', value: 'test@test.com' },
    { field: 'rs_user_id', value: '4711' },
  ]);
  for (const riid of ['', '0', '-1', 'null', ' NULL ', 'Unknown', '  '])
    assert.deepEqual(mapping.identitiesOf({ riid, email: 'nobody', mobile_number: '49151' }, 0), [], riid);
  assert.deepEqual(mapping.identitiesOf({}, 0), []);
});
