/** The change log is read in the order of its transactions, page by page, and nothing of it is passed over. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { ensureAudience } from '../../../systems/store/audiences.ts';
import { readEntries } from '../../../systems/store/campaign-entries.ts';
import { readChanges } from '../../../systems/store/changes.ts';
import type { RelayPosition } from '../../../systems/store/changes.ts';
import type { Pool } from '../../../systems/store/database.ts';
import { openTestStore } from '../../harness/store.ts';
import type { TestStore } from '../../harness/store.ts';

let opened: TestStore;
let store: Pool;
before(async () => {
  opened = await openTestStore();
  ({ store } = opened);
});
after(() => opened.close());

/** Whom a job hears of, a page of the log after the other. */
async function told(
  kind: RelayPosition['kind'],
  jobId: string,
  read: (
    position: RelayPosition,
  ) => Promise<readonly [ids: readonly string[], next: RelayPosition] | undefined>,
): Promise<readonly string[]> {
  const ids: string[] = [];
  let position: RelayPosition = { jobId, kind, revision: '', tx: '0', no: 0 };
  for (let page = await read(position); page !== undefined; page = await read(position)) {
    ids.push(...page[0]);
    [, position] = page;
  }
  return ids;
}

test('where the numbers of transactions grow by a digit, no change is passed over', async () => {
  const { id: audienceId } = await ensureAudience(store, 'Readers');
  const jobs = { 'export-audience': 'export', 'export-campaign': 'campaign' } as const;
  for (const [kind, jobId] of Object.entries(jobs)) {
    await store.query(
      `insert into jobs (id, kind, label, authorization_id, configuration)
       values ($1, $2, $1, 'a', '{"idMappings": {}, "fieldsToTrigger": []}')`,
      [jobId, kind],
    );
    await store.query('insert into job_audiences (job_id, audience_id, is_source) values ($1, $2, true)', [
      jobId,
      audienceId,
    ]);
  }
  const ids = ['8', '9', '10', '11', '99', '100', '101'].map((tx) => ({ tx, id: randomUUID() }));
  for (const { id } of ids) {
    await store.query("insert into profiles (id, fields) values ($1, '{}')", [id]);
    await store.query(
      'insert into audience_members (audience_id, profile_id, is_member) values ($1, $2, true)',
      [audienceId, id],
    );
  }
  await store.query('delete from changes');
  for (const { tx, id } of ids)
    await store.query(
      "insert into changes (tx, audience_ids, profile_id, change) values ($1::xid8, array[$2::uuid], $3, 'enter')",
      [tx, audienceId, id],
    );
  const inOrder = ids.map(({ id }) => id);
  for (const limit of [1, 2, 3, 100]) {
    const ofExport = await told('export-audience', jobs['export-audience'], async (position) => {
      const read = await readChanges(store, position, limit);
      return read && [read.changes.map(({ profileId }) => profileId), read.next];
    });
    const ofCampaign = await told('export-campaign', jobs['export-campaign'], async (position) => {
      const read = await readEntries(store, position, limit);
      return read && [read.entries.map(({ profileId }) => profileId), read.next];
    });
    assert.deepEqual([ofExport, ofCampaign], [inOrder, inOrder], `pages of ${limit}`);
  }
});
