/**
 * A RIID that the list answers finds the person in event files, which name nobody else: in either order, for
 * accounts apart, when a record moves, and when the account becomes known later. Nobody is sent again for it.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, beforeEach, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { MockActivityEnvironment } from '@temporalio/testing';
import { pino } from 'pino';
import type { Connections, Means } from '../../activities/connections.ts';
import { exportActivities } from '../../activities/export-audience.ts';
import { campaignActivities } from '../../activities/export-campaign.ts';
import { importRows } from '../../activities/importing/import-rows.ts';
import { mapEvents, readMapping } from '../../activities/importing/lql-mapping.ts';
import { openOccurrences } from '../../activities/importing/occurrences.ts';
import { exportAudienceSchema } from '../../jobs/export-audience.ts';
import { exportCampaignSchema } from '../../jobs/export-campaign.ts';
import type { ExportPlan } from '../../jobs/export-plan.ts';
import type { Responsys } from '../../systems/responsys/index.ts';
import { oweRiids, writeOwedRiids } from '../../systems/store/answered-riids.ts';
import { changeMembership, ensureAudience } from '../../systems/store/audiences.ts';
import { readMailCounts } from '../../systems/store/campaign-counts.ts';
import { hearStays } from '../../systems/store/campaign-entries.ts';
import { addCampaignJob, saveCampaignPlan } from '../../systems/store/campaign-jobs.ts';
import { readChanges, relayPositions, startRelaying } from '../../systems/store/changes.ts';
import type { RelayPosition } from '../../systems/store/changes.ts';
import { transaction } from '../../systems/store/database.ts';
import type { Pool } from '../../systems/store/database.ts';
import { accountWarning } from '../../systems/store/event-accounts.ts';
import { beginAttempt, filesToRead, noteListing } from '../../systems/store/event-files.ts';
import { openHashKeys } from '../../systems/store/identities.ts';
import type { HashKeys, Identity } from '../../systems/store/identities.ts';
import { addJob, savePlan } from '../../systems/store/jobs.ts';
import { writeProfiles } from '../../systems/store/profiles.ts';
import type { FieldValue } from '../../systems/store/profiles.ts';
import { keyFrom } from '../../systems/store/secrets.ts';
import { openTestStore } from '../harness/store.ts';
import type { TestStore } from '../harness/store.ts';

let opened: TestStore;
let store: Pool;
let hashKeys: HashKeys;
let audienceId: string;
const key = keyFrom(randomBytes(32).toString('base64'));
/** What the list answers, by address. */
let records: Record<string, string>;
let position: RelayPosition | undefined;
/** What happens while a request is under way. */
let meanwhile: () => Promise<unknown> = () => Promise.resolve();

const idMappings = (...fields: readonly string[]) =>
  fields.map((field) => ({ field, column: field === 'email' ? 'EMAIL_ADDRESS_' : 'CUSTOMER_ID_' }) as const);
const plan = (): ExportPlan => ({
  list: 'L',
  sourceAudienceId: audienceId,
  idMappings: idMappings('email'),
  matchColumns: ['EMAIL_ADDRESS_'],
  insertOnNoMatch: true,
  fields: null,
  memberships: null,
  warnings: [],
});

before(async () => {
  opened = await openTestStore();
  ({ store } = opened);
  hashKeys = await openHashKeys(store, key);
});
after(() => opened.close());
beforeEach(async () => {
  await store.query(
    'truncate profiles, identities, audiences, audience_members, changes, jobs, profile_aliases, event_files, responsys_events cascade',
  );
  await store.query("update authorizations set settings = '{}'");
  records = {};
  audienceId = (await ensureAudience(store, 'Readers')).id;
  const configuration = exportAudienceSchema.parse({
    job: 'export-audience',
    authorization: 'a',
    label: 'j',
    audience: 'Readers',
    list: 'L',
    matchColumn1: 'EMAIL_ADDRESS_',
  });
  const audiences = { sourceAudienceId: audienceId, exportedAudienceIds: [audienceId] };
  await addJob(store, { id: 'j', configuration, authorizationId: 'a', ...audiences });
  await savePlan(store, 'j', plan());
  await store.query(
    `insert into jobs (id, kind, label, authorization_id, configuration) values ('i', 'import-activity', 'i', 'a', '{}')`,
  );
  await startRelaying(store, 'j');
  position = (await relayPositions(store))[0];
});

async function addPerson(address: string, fields: Readonly<Record<string, FieldValue>> = {}) {
  const [written] = await transaction(store, async (database) => {
    const identities: Identity[] = [{ field: 'email', value: address.toLowerCase() }];
    const people = await writeProfiles(database, hashKeys, [
      { identities, fields: { email: address, ...fields } },
    ]);
    await changeMembership(
      database,
      audienceId,
      people.map(({ profileId }) => profileId),
      'enter',
    );
    return people;
  });
  return written?.profileId ?? '';
}

const responsys: Pick<Responsys, 'mergeListMembers' | 'triggerEmail'> = {
  triggerEmail: (_campaign, recipients) =>
    Promise.resolve({
      outcomes: recipients.map(({ riid }) => ({ outcome: 'accepted', riid })),
      requests: [],
      trouble: undefined,
    }),
  mergeListMembers: async (_list, { columns, rows }) => {
    await meanwhile();
    return {
      rows: rows.map((row) => ({
        outcome: 'accepted',
        riid: records[row[columns.indexOf('EMAIL_ADDRESS_')] ?? ''] ?? '',
      })),
      requests: [],
    };
  },
};

const connections: Connections = {
  responsys: () => Promise.resolve(responsys as Responsys),
  close: () => Promise.resolve(),
};
const means = (): Means => {
  const own: Omit<Means, 'temporal'> = {
    store,
    key,
    allowHosts: [],
    log: pino({ level: 'silent' }),
    stopping: new AbortController().signal,
  };
  return own as Means;
};

async function send(...members: readonly string[]): Promise<void> {
  const activities = exportActivities(means(), connections);
  await new MockActivityEnvironment().run(
    (...given: [string, readonly string[]]) => activities.sendBatch(...given),
    'j',
    [...members],
  );
}

/** A campaign job on the same audience, which has heard of nobody yet. */
async function addCampaign(): Promise<void> {
  const configuration = exportCampaignSchema.parse({
    ...{ job: 'export-campaign', authorization: 'a', label: 'c', audience: 'Readers', campaign: 'C' },
  });
  await addCampaignJob(store, {
    id: 'c',
    configuration,
    authorizationId: 'a',
    audienceIds: [audienceId],
  });
  await saveCampaignPlan(store, 'c', {
    ...{ campaign: 'C', campaignId: '1', purpose: 'TRANSACTIONAL', list: 'L', emailField: 'email' },
    ...{ audienceIds: [audienceId], fields: null, warnings: [] },
  });
}

async function mail(...members: readonly string[]): Promise<void> {
  await transaction(store, (database) =>
    hearStays(
      database,
      'c',
      members.map((profileId) => ({ audienceId, profileId })),
    ),
  );
  const activities = campaignActivities(means(), connections);
  await new MockActivityEnvironment().run(
    (...given: [string, readonly string[]]) => activities.mailBatch(...given),
    'c',
    [...members],
  );
}

/** Whom the job is to send since it was last asked. */
async function toSend(): Promise<readonly string[]> {
  if (position === undefined) throw new Error('The job is not relayed to.');
  const told: string[] = [];
  for (;;) {
    const read = await readChanges(store, position, 1_000);
    if (read !== undefined) position = read.next;
    told.push(...(read?.changes.map(({ profileId }) => profileId) ?? []));
    const { rowCount } = await store.query(
      'select 1 from changes where (tx, no) > ($1::xid8, $2::bigint) limit 1',
      [position.tx, position.no],
    );
    if (rowCount === 0) return told;
    // Behind a transaction that runs, of another test's perhaps: the server is shared.
    await wait(20);
  }
}

let files = 0;
/** @param rows RIID, and an address where the file has one */
async function importFile(
  accountId: string,
  eventType: string,
  rows: readonly (readonly [riid: string, address?: string])[],
  atMs = Date.now(),
): Promise<void> {
  const path = `${accountId}_${eventType}_${++files}.txt`;
  await transaction(store, (database) =>
    noteListing(database, 'i', [
      {
        path,
        sizeBytes: 1,
        modifiedAtMs: 0,
        accountId,
        eventType,
        stamp: String(files),
        isWhole: true,
        countFile: undefined,
      },
    ]),
  );
  await writeOwedRiids(store, () => Promise.resolve(hashKeys), new AbortController().signal);
  const [file] = await filesToRead(store, 'i', 1);
  const attempt = await beginAttempt(store, file?.id ?? 0, {
    customDelimiter: '|',
    mapping: undefined,
    timeZone: 'UTC',
  });
  assert.ok(attempt !== undefined);
  await importRows(
    {
      store,
      attempt,
      hashKeys,
      mapping: mapEvents(readMapping(undefined), accountId, eventType),
      bounds: { chunkRows: 10, chunkBytes: 10_000, foldEvents: 100, foldBytes: 1 << 30 },
      readTime: Number,
      bytesRead: () => 0,
      occurrences: openOccurrences('/nothing is put aside'),
    },
    () =>
      Promise.resolve(
        (async function* () {
          await Promise.resolve();
          yield [
            { columns: ['EVENT_CAPTURED_DT', 'RIID', 'EMAIL', 'EVENT_UUID'] },
            ...rows.map(([riid, address = ''], index) => ({
              line: index + 1,
              values: [String(atMs), riid, address, `${path}/${index}`],
            })),
          ];
        })(),
      ),
  );
}

async function fieldsOf(profileId: string): Promise<Readonly<Record<string, FieldValue>>> {
  const { rows } = await store.query<{ fields: Record<string, FieldValue> }>(
    'select fields from profiles where id = $1',
    [profileId],
  );
  return rows[0]?.fields ?? {};
}
const clicksOf = async (profileId: string) => (await fieldsOf(profileId))['email_click_ct'];
const profiles = async (): Promise<number> =>
  (await store.query<{ count: number }>('select count(*) from profiles')).rows[0]?.count ?? 0;
const knowAccount = (accountId: string) =>
  store.query('update authorizations set settings = $1', [{ accountId }]);

test('exported first: a click that tells only the RIID is the person’s, and sends nobody again', async () => {
  await knowAccount('1');
  const ann = await addPerson('Ann@Example.com');
  records = { 'Ann@Example.com': '7' };
  assert.deepEqual(await toSend(), [ann]);
  await send(ann);
  assert.equal((await fieldsOf(ann))['rs_user_id'], '7');
  await importFile('1', 'CLICK', [['7'], ['7']]);
  assert.equal(await clicksOf(ann), 2);
  assert.equal(await profiles(), 1);
  await importFile('1', 'SENT', [['7', 'ann@example.com']]);
  assert.equal((await fieldsOf(ann))['email'], 'Ann@Example.com');
  await send(ann);
  assert.deepEqual(await toSend(), []);
});

test('clicked first: what somebody unknown did becomes the person’s when the RIID is answered', async () => {
  await importFile('1', 'CLICK', [['7'], ['8']]);
  const ann = await addPerson('ann@example.com');
  records = { 'ann@example.com': '7' };
  assert.deepEqual(await toSend(), [ann]);
  await send(ann);
  assert.equal(await clicksOf(ann), 1);
  await importFile('1', 'CLICK', [['7']]);
  assert.equal(await clicksOf(ann), 2);
  assert.equal(await profiles(), 2);
  assert.deepEqual(await toSend(), []);
});

test('sent before any file was there: the RIIDs are written when the first file tells the account', async () => {
  const [ann, bob] = [await addPerson('ann@example.com'), await addPerson('bob@example.com')];
  records = { 'ann@example.com': '7', 'bob@example.com': '8' };
  await toSend();
  await send(ann, bob);
  assert.equal((await fieldsOf(ann))['rs_user_id'], undefined);
  await importFile('1', 'CLICK', [['7'], ['8'], ['8']]);
  assert.deepEqual([await clicksOf(ann), await clicksOf(bob)], [1, 2]);
  assert.equal(await profiles(), 2);
  assert.deepEqual(await toSend(), []);
});

test('mailed before the account is known: the RIIDs are written when it is, also of who got no mail; and under another', async () => {
  await addCampaign();
  const [ann, bob] = [await addPerson('ann@example.com'), await addPerson('bob@example.com')];
  records = { 'ann@example.com': '7', 'bob@example.com': '8' };
  await mail(ann);
  meanwhile = () =>
    store.query(
      `update profiles set fields = fields || '{"email_last_opt_out_ts": "2026-01-01T00:00:00Z"}' where id = $1`,
      [bob],
    );
  await mail(bob);
  meanwhile = () => Promise.resolve();
  const { accepted, 'opted-out': optedOut } = await readMailCounts(store, 'c');
  assert.deepEqual([accepted, optedOut], [1, 1]);
  const shown = async () => [(await fieldsOf(ann))['rs_user_id'], (await fieldsOf(bob))['rs_user_id']];
  assert.deepEqual(await shown(), [undefined, undefined]);
  await importFile('1', 'CLICK', [['7'], ['8'], ['8']]);
  assert.deepEqual(await shown(), ['7', '8']);
  assert.deepEqual([await clicksOf(ann), await clicksOf(bob)], [1, 2]);

  await knowAccount('2');
  await oweRiids(store, 'a');
  await importFile('2', 'CLICK', [['7']]);
  assert.equal(await clicksOf(ann), 2);
  // What is known of the account is not owed.
  const { rows } = await store.query(
    'select 1 from campaign_mails where riid is not null and riid_account is null',
  );
  assert.equal(rows.length, 0);
});

test('of two accounts nothing is guessed; the one that is named has its RIIDs alone', async () => {
  const ann = await addPerson('ann@example.com');
  records = { 'ann@example.com': '7' };
  await importFile('1', 'CLICK', [['99']]);
  await importFile('2', 'CLICK', [['99']]);
  await send(ann);
  assert.equal((await fieldsOf(ann))['rs_user_id'], undefined);
  assert.match((await accountWarning(store, 'a')) ?? '', /accounts 1, 2: with accountId/);
  await knowAccount('2');
  assert.equal(await accountWarning(store, 'a'), undefined);
  await importFile('1', 'CLICK', [['7']]);
  await importFile('2', 'CLICK', [['7'], ['7']]);
  assert.equal(await clicksOf(ann), 2);
});

test('a record that another person has now is theirs, and the two stay two', async () => {
  await knowAccount('1');
  const [ann, bob] = [await addPerson('ann@example.com'), await addPerson('bob@example.com')];
  records = { 'ann@example.com': '7', 'bob@example.com': '8' };
  await send(ann, bob);
  records = { 'ann@example.com': '8', 'bob@example.com': '9' };
  await send(ann);
  assert.deepEqual(
    [(await fieldsOf(ann))['rs_user_id'], (await fieldsOf(bob))['rs_user_id']],
    ['8', undefined],
  );
  // Swapped within one send.
  records = { 'ann@example.com': '9', 'bob@example.com': '8' };
  await send(ann, bob);
  await toSend();
  await importFile('1', 'CLICK', [['8'], ['9'], ['9'], ['7']]);
  assert.deepEqual([await clicksOf(ann), await clicksOf(bob)], [3, 1]);
  assert.equal(await profiles(), 2);
});

test('events from before the answer do not turn the field back', async () => {
  await knowAccount('1');
  const ann = await addPerson('ann@example.com');
  await importFile('1', 'SENT', [['6', 'ann@example.com']], Date.UTC(2020, 0, 1));
  records = { 'ann@example.com': '7' };
  await send(ann);
  await importFile('1', 'OPEN', [['6']], Date.UTC(2020, 0, 2));
  assert.equal((await fieldsOf(ann))['rs_user_id'], '7');
  await importFile('1', 'OPEN', [['6']], Date.now() + 60_000);
  assert.equal((await fieldsOf(ann))['rs_user_id'], '6');
});

test('what an import counts while a send is under way sends nobody again; another address does', async () => {
  await knowAccount('1');
  const ann = await addPerson('ann@example.com');
  records = { 'ann@example.com': '7' };
  await send(ann);
  await toSend();
  meanwhile = () => importFile('1', 'CLICK', [['7']]);
  await send(ann);
  assert.equal(await clicksOf(ann), 1);
  assert.deepEqual(await toSend(), []);
  meanwhile = () =>
    store.query(
      `update profiles set change_no = change_no + 1, fields = fields || '{"email": "new@example.com"}'`,
    );
  await send(ann);
  meanwhile = () => Promise.resolve();
  assert.deepEqual(await toSend(), [ann]);
});

test('a job that exports the RIID hears of it', async () => {
  await knowAccount('1');
  await store.query(
    `update jobs set configuration = jsonb_set(configuration, '{fieldsToTrigger}', '["rs_user_id"]') where id = 'j'`,
  );
  const ann = await addPerson('ann@example.com');
  records = { 'ann@example.com': '7' };
  await toSend();
  await send(ann);
  assert.deepEqual(await toSend(), [ann]);
});
