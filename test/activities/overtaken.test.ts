/** A send that Temporal gave up for lost, and that wrote after all, leaves nothing that is not mended. */
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { ActivityCancellationDetails } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { pino } from 'pino';
import type { Connections, Means } from '../../activities/connections.ts';
import { exportActivities } from '../../activities/export-audience.ts';
import { exportAudienceSchema } from '../../jobs/export-audience.ts';
import type { Responsys } from '../../systems/responsys/index.ts';
import { ensureAudience } from '../../systems/store/audiences.ts';
import type { Pool } from '../../systems/store/database.ts';
import { addJob, savePlan } from '../../systems/store/jobs.ts';
import { keyFrom } from '../../systems/store/secrets.ts';
import { openTestStore } from '../harness/store.ts';
import type { TestStore } from '../harness/store.ts';

let opened: TestStore;
let store: Pool;
const member = randomUUID();
before(async () => {
  opened = await openTestStore();
  ({ store } = opened);
  await store.query(
    `insert into profiles (id, change_no, fields) values ($1, 1, '{"email": "ann@example.com"}')`,
    [member],
  );
  const { id } = await ensureAudience(store, 'Readers');
  await store.query(
    'insert into audience_members (audience_id, profile_id, is_member) values ($1, $2, true)',
    [id, member],
  );
  const configuration = exportAudienceSchema.parse({
    job: 'export-audience',
    authorization: 'a',
    label: 'j',
    audience: 'Readers',
    list: 'L',
    matchColumn1: 'EMAIL_ADDRESS_',
    exportAudienceMemberships: ['Readers'],
  });
  const job = {
    id: 'j',
    configuration,
    authorizationId: 'a',
    sourceAudienceId: id,
    exportedAudienceIds: [id],
  };
  await addJob(store, job);
  await savePlan(store, 'j', {
    list: 'L',
    sourceAudienceId: id,
    idMappings: [{ field: 'email', column: 'EMAIL_ADDRESS_' }],
    matchColumns: ['EMAIL_ADDRESS_'],
    insertOnNoMatch: true,
    fields: null,
    memberships: { name: 'M', columns: [{ audienceId: id, column: 'READERS' }] },
    warnings: [],
  });
});
after(() => opened.close());

/** A Responsys whose memberships table does its work and never answers. @param sent says that it has */
function unanswering(sent: () => void): Responsys {
  const answers: Partial<Responsys> = {
    mergeListMembers: () => Promise.resolve({ rows: [{ outcome: 'accepted', riid: '7' }], requests: [] }),
    mergeTableMembers: (_list, _table, _merge, signal) =>
      new Promise((_, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason as Error));
        sent();
      }),
  };
  return answers as Responsys;
}

/** Cancels a send while its row is under way. @returns how often the member is to be sent again */
async function sendAndCancel(details: ActivityCancellationDetails): Promise<number> {
  await store.query('delete from changes');
  await store.query('delete from job_records');
  const sent = Promise.withResolvers<undefined>();
  const connections: Connections = {
    responsys: () => Promise.resolve(unanswering(() => sent.resolve(undefined))),
    close: () => Promise.resolve(),
  };
  const means: Omit<Means, 'temporal'> = {
    store,
    key: keyFrom(randomBytes(32).toString('base64')),
    allowHosts: [],
    log: pino({ level: 'silent' }),
    stopping: new AbortController().signal,
  };
  const environment = new MockActivityEnvironment();
  const activities = exportActivities(means as Means, connections);
  const sending = environment.run((...given: [string, string[]]) => activities.sendBatch(...given), 'j', [
    member,
  ]);
  await sent.promise;
  // Meanwhile another attempt has let the record go.
  await store.query('delete from job_records');
  environment.cancel('NOT_FOUND', details);
  await assert.rejects(sending);
  const { rows: records } = await store.query<{ match_value: string }>('select match_value from job_records');
  const { rows: again } = await store.query(
    "select 1 from changes where change = 'again' and profile_id = $1",
    [member],
  );
  assert.deepEqual(
    records.map(({ match_value }) => match_value),
    again.length === 0 ? [] : ['7'],
  );
  return again.length;
}

test('given up for want of a beat: its records are noted again, and its members are sent again', async () => {
  assert.equal(await sendAndCancel(new ActivityCancellationDetails({ notFound: true })), 1);
  assert.equal(await sendAndCancel(new ActivityCancellationDetails({ timedOut: true })), 1);
});

test('cancelled by its job, which makes it anew itself: nothing is sent twice', async () => {
  assert.equal(await sendAndCancel(new ActivityCancellationDetails({ cancelRequested: true })), 0);
});
