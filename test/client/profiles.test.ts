/** `profiles show`: one person, with all that is known, and what is said where nobody is found. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { transaction } from '../../systems/store/database.ts';
import { writeLedger } from '../../systems/store/ledger.ts';
import { changePeople } from '../../client/people/membership.ts';
import { ensureAudience } from '../../systems/store/audiences.ts';
import { addBareJob } from '../harness/store.ts';
import { openEventStore } from '../activities/importing/event-store.ts';
import type { EventStore } from '../activities/importing/event-store.ts';

const columns = [
  ...['EVENT_CAPTURED_DT', 'RIID', 'EMAIL', 'OFFER_NAME', 'OFFER_URL'],
  ...['CAMPAIGN_ID', 'CAMPAIGN_NAME'],
];
let events: EventStore;
before(async () => {
  events = await openEventStore(columns);
  const at = (second: number): string => String(Date.parse('2026-01-31T18:00:00Z') + second * 1000);
  await events.setImport('job1');
  // Two RIIDs of one address, and the same RIID of somebody else in another account.
  await events.importFile('job1', '1_SENT_20260131_180000.txt', [
    [at(0), '7', 'Ann@Example.com', '', ''],
    [at(1), '8', 'ann@example.com', '', '', '900'],
    [at(2), '9', 'bob@example.com', '', ''],
  ]);
  await events.importFile('job1', '2_SENT_20260131_180000.txt', [[at(0), '7', 'carl@example.com', '', '']]);
  await events.importFile(
    'job1',
    '1_CLICK_20260131_190000.txt',
    Array.from({ length: 30 }, (_, index) => [
      at(100 + index),
      index % 3 === 0 ? '7' : index % 3 === 1 ? '8' : '9',
      '',
      'Spring',
      `https://shop.example/${'long/'.repeat(40)}${index}`,
      '901',
    ]),
  );
  await events.importFile('job1', '1_LAUNCH_STATE_20260131_200000.txt', [
    [at(0), '', '', '', '', '900', 'Spring\u001b[31m sale'],
    [at(0), '', '', '', '', '901', `Summer ${'and more '.repeat(20)}`],
  ]);
  const { store, hashKeys } = events;
  const audience = await ensureAudience(store, 'Newsletter readers');
  const ann = { identities: [{ field: 'email', value: 'ann@example.com' } as const], fields: {} };
  await changePeople(store, hashKeys, audience, 'enter', [{ line: 1, person: { profile: ann } }]);
  await addBareJob(store);
  const { rows } = await store.query<{ id: string }>(
    "select id from profiles where fields ->> 'email' = 'ann@example.com'",
  );
  const line = { profileId: rows[0]?.id ?? '', change: 'enter', fate: 'accepted', riid: '7' } as const;
  const rejected = { target: 'fields', code: 'bad', words: 'The row\u001b[31m is bad' } as const;
  for (const [changeNo, more] of [
    { fates: { list: 'accepted', memberships: 'accepted' }, reasons: [] } as const,
    { fates: { list: 'accepted', fields: 'rejected' }, reasons: [rejected] } as const,
  ].entries())
    await transaction(store, (database) =>
      writeLedger(database, 'j', crypto.randomUUID(), [{ ...line, ...more, changeNo }], []),
    );
});
after(() => events.close());

const show = (...args: string[]) =>
  spawnSync(
    process.execPath,
    [join(import.meta.dirname, '..', '..', 'client', 'main.ts'), 'profiles', 'show', ...args],
    {
      encoding: 'utf8',
      env: {
        ...process.env,
        LYTICS_RESPONSYS_DATABASE_URL: events.url,
        LYTICS_RESPONSYS_KEY: events.keyText,
        TEMPORAL_ADDRESS: '127.0.0.1:1',
      },
    },
  );

test('fields, memberships, fates by target, and the latest events with file and line', () => {
  const { status, stdout, stderr } = show('--email', 'ANN@example.com');
  assert.equal(status, 0, stderr);
  for (const line of stdout.split('\n')) assert.ok(line.length <= 100, `${line.length}: ${line}`);
  assert.match(stdout, /email_click_ct +20/);
  assert.match(stdout, /Newsletter readers +in +20/);
  assert.match(stdout, /^j +enter +accepted +rejected +accepted +20.* 2$/m);
  assert.match(stdout, / {2}j: The row \[31m is bad/);
  assert.match(stdout, /Events: the latest 20 of 22/);
  assert.match(stdout, /2026-01-31 18:02:08 +click +https:.*… +1_CLICK_20260131_190000.txt:30$/m);
  assert.match(stdout, /--events N shows more\./);
  assert.match(stdout, /^901 +Summer and more .*… +20 +2026-01-31 18:02$/m);
});

test('an event’s campaign is told by id and name, in whichever file its name stands', () => {
  const { status, stdout, stderr } = show('--email', 'ann@example.com', '--events', '100');
  assert.equal(status, 0, stderr);
  for (const line of stdout.split('\n')) assert.ok(line.length <= 100, `${line.length}: ${line}`);
  assert.match(stdout, /18:00:01 +sent +campaign 900, Spring \[31m sale +1_SENT_20260131_180000.txt:3 *$/m);
  assert.match(stdout, /^rs_campaign_id +901, Summer and more .*… *$/m);
  assert.match(stdout, /^Campaigns of these events$/m);
  assert.match(stdout, /^900 +Spring \[31m sale +1 +2026-01-31 18:00$/m);
});

test('whichever RIID it is asked by, all events of the person are found, and nobody else’s', () => {
  const { status, stdout, stderr } = show('--riid', '8', '--events', '100', '--json');
  assert.equal(status, 0, stderr);
  const { fields, events: found } = JSON.parse(stdout) as {
    readonly fields: Readonly<Record<string, unknown>>;
    readonly events: {
      readonly total: number;
      readonly latest: readonly {
        readonly row: Readonly<Record<string, string>>;
        readonly line: number;
        readonly campaign: { readonly id: string; readonly name: string | null } | null;
      }[];
    };
  };
  assert.equal(fields['email'], 'ann@example.com');
  assert.deepEqual([found.total, found.latest.length], [22, 22]);
  assert.deepEqual(new Set(found.latest.map(({ row }) => row['riid'])), new Set(['7', '8']));
  assert.deepEqual(
    found.latest.slice(-2).map(({ campaign }) => campaign),
    [{ id: '900', name: 'Spring\u001b[31m sale' }, null],
  );
  assert.ok(!stdout.includes('carl'));
});

test('who is not found, or is several, is told plainly', () => {
  const said = (...args: string[]): string => {
    const { status, stderr } = show(...args);
    return `${status} ${stderr.trim()}`;
  };
  assert.equal(
    said('--email', 'nobody@example.com'),
    '5 NOT_FOUND  --email: the store knows nobody of this address.',
  );
  assert.equal(
    said('--riid', '7'),
    '3 CONFLICT  --riid: it is another person in each of the accounts 1, 2; say which with --account.',
  );
  assert.equal(
    said('--riid', '8', '--account', '2'),
    '5 NOT_FOUND  --riid: the store knows nobody of this RIID in the account 2.',
  );
  assert.match(said(), /^2 USAGE {2}Name the person with either --email ADDRESS or --riid RIID\.$/);
});
