import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, test } from 'node:test';
import { readMailOutcomes } from '../../../systems/store/campaign-counts.ts';
import { hashIdentity } from '../../../systems/store/identities.ts';
import { openEventStore } from '../importing/event-store.ts';
import type { EventStore } from '../importing/event-store.ts';

let events: EventStore;
before(async () => {
  events = await openEventStore(['EVENT_CAPTURED_DT', 'RIID', 'Email', 'campaign_id', 'LAUNCH_ID', 'REASON']);
  await events.setImport('i');
});
after(() => events.close());

let job: string;
let campaign: string;
beforeEach(async () => {
  job = `c${randomUUID().slice(0, 8)}`;
  campaign = String(Math.floor(Math.random() * 1e9));
  await events.store.query(
    `insert into jobs (id, kind, label, authorization_id, configuration, plan)
     values ($1, 'export-campaign', $1, 'a', '{}', $2)`,
    [job, { campaignId: campaign }],
  );
});

interface Claimed {
  readonly riid: string;
  readonly email: string;
  readonly fate?: string;
  readonly minutesAgo: number;
}
async function claimed(...mails: readonly Claimed[]): Promise<void> {
  for (const { riid, email, fate = 'accepted', minutesAgo } of mails) {
    const [{ keyId, hash }] = hashIdentity(events.hashKeys, { field: 'email', value: email }).hashes;
    await events.store.query(
      `with mail as (
         insert into campaign_mails (job_id, stay_id, audience_id, profile_id, fate, riid)
         values ($1, gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), $2, $3) returning no
       )
       insert into campaign_claims (mail_no, job_id, attempt, lane, answer, riid, campaign_id, key_id, address_hash,
                                    claimed_at)
       select no, $1, gen_random_uuid(), 'live', case $2 when 'accepted' then 'taken' when 'rejected' then 'refused'
                                                         else 'none' end,
              $3, $4, $5, $6, now() - make_interval(mins => $7) from mail`,
      [job, fate, riid, campaign, keyId, hash, minutesAgo],
    );
  }
}
let files = 0;
/** @param rows RIID, address, minutes ago and reason of each event */
const file = (type: string, ...rows: readonly (readonly [string, string, number, string?, string?])[]) =>
  events.importFile(
    'i',
    `1_${type}_20260131_${String(++files).padStart(6, '0')}.txt`,
    rows.map(([riid, email, minutesAgo, reason = '', of = campaign]) => [
      String(Math.floor((Date.now() - minutesAgo * 60_000) / 1_000) * 1_000),
      ...[riid, email, of, '1', reason],
    ]),
  );
async function byRiid(): Promise<Readonly<Record<string, string>>> {
  const { rows } = await events.store.query<{ riid: string; said: string }>(
    `select riid, concat_ws(' ', fate, outcome, outcome_reason, case when opened_at is not null then 'opened' end,
                            case when clicked_at is not null then 'clicked' end) as said
       from campaign_mails where job_id = $1 order by no`,
    [job],
  );
  return Object.fromEntries(rows.map(({ riid, said }) => [riid, said]));
}

test('files settle each mail, by record or by address; the unknown turn out to be sent', async () => {
  await claimed(
    ...Array.from({ length: 7 }, (_, at) => ({
      ...{ riid: String(101 + at), email: `p${at}@example.com`, minutesAgo: 60 },
      fate: at < 2 ? 'unknown' : 'accepted',
    })),
  );
  await file(
    'SENT',
    ['101', 'p0@example.com', 59],
    ['', ' P1@Example.com', 59],
    ['103', '', 59],
    ['104', '', 58],
  );
  await file('SKIPPED', ['105', 'p4@example.com', 59, 'opted out']);
  await file('FAIL', ['106', 'p5@example.com', 59, 'no route']);
  await file('BOUNCE', ['104', 'p3@example.com', 50, 'USER_NOT_FOUND']);
  // A SENT file that comes after the bounce turns nothing back.
  await file('SENT', ['104', 'p3@example.com', 57]);
  await file('OPEN', ['103', '', 40], ['101', '', 40]);
  await file('CLICK', ['103', '', 39]);
  assert.deepEqual(await byRiid(), {
    101: 'accepted sent opened',
    102: 'accepted sent',
    103: 'accepted sent opened clicked',
    104: 'accepted bounced USER_NOT_FOUND',
    105: 'accepted skipped opted out',
    106: 'accepted failed no route',
    107: 'accepted',
  });
  const { fates, ...counts } = await readMailOutcomes(events.store, job);
  assert.equal(fates.unknown, 0);
  assert.deepEqual(counts, {
    ...{ entered: 7, sent: 3, skipped: 1, failed: 1, bounced: 1, opened: 2, clicked: 1 },
    rejectedBecause: [],
    skippedBecause: [{ reason: 'opted out', mails: 1 }],
  });
});

test('an event is of the latest mail before it: not of a later stay’s, another campaign’s or another person’s', async () => {
  await claimed(
    { riid: '201', email: 'a@example.com', minutesAgo: 600 },
    { riid: '201', email: 'a@example.com', minutesAgo: 60, fate: 'unknown' },
    { riid: '202', email: 'b@example.com', minutesAgo: 60 },
  );
  await file(
    'SENT',
    ['201', 'a@example.com', 590],
    ['202', 'b@example.com', 59, '', '4711'],
    ['203', 'c@example.com', 59],
  );
  const said = async () => {
    const { rows } = await events.store.query<{ fate: string; outcome: string | null }>(
      'select fate, outcome from campaign_mails where job_id = $1 order by no',
      [job],
    );
    return rows.map(({ fate, outcome }) => `${fate} ${outcome ?? '-'}`);
  };
  assert.deepEqual(await said(), ['accepted sent', 'unknown -', 'accepted -']);
  // In the very second of the claim, which event times cut off.
  await file('SENT', ['201', 'a@example.com', 60]);
  assert.deepEqual(await said(), ['accepted sent', 'accepted sent', 'accepted -']);
});

test('an event is of a trigger that was refused only where it can be of no other', async () => {
  await claimed(
    { riid: '301', email: 'a@example.com', minutesAgo: 600 },
    { riid: '301', email: 'a@example.com', minutesAgo: 60, fate: 'rejected' },
    { riid: '302', email: 'b@example.com', minutesAgo: 60, fate: 'rejected' },
  );
  await file('OPEN', ['301', '', 30]);
  await file('SENT', ['302', 'b@example.com', 30]);
  const { rows } = await events.store.query<{ said: string }>(
    `select concat_ws(' ', fate, outcome, case when opened_at is not null then 'opened' end) as said
       from campaign_mails where job_id = $1 order by no`,
    [job],
  );
  assert.deepEqual(
    rows.map(({ said }) => said),
    ['accepted opened', 'rejected', 'rejected sent'],
  );
});

test('a mail that was triggered twice, and skipped once, was sent, in whatever order files tell of it', async () => {
  await claimed({ riid: '401', email: 'a@example.com', minutesAgo: 60 });
  await file('SENT', ['401', 'a@example.com', 59]);
  await file('SKIPPED', ['401', 'a@example.com', 58, 'sent already']);
  assert.deepEqual(await byRiid(), { 401: 'accepted sent' });
  await claimed({ riid: '402', email: 'b@example.com', minutesAgo: 60 });
  await file('SKIPPED', ['402', 'b@example.com', 59, 'throttled']);
  await file('SENT', ['402', 'b@example.com', 58]);
  assert.deepEqual(await byRiid(), { 401: 'accepted sent', 402: 'accepted sent' });
});
