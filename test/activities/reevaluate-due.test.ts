/** Whoever makes a rule sees to it that everybody is looked at; where they die of it, the schedule does. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import { MockActivityEnvironment } from '@temporalio/testing';
import { reevaluateActivities } from '../../activities/reevaluate-due.ts';
import type { ReevaluateActivities } from '../../activities/reevaluate-due.ts';
import { saveRule } from '../../systems/store/audience-rules.ts';
import { transaction } from '../../systems/store/database.ts';
import { evaluateEverybody, owedAudiences } from '../../systems/store/evaluation.ts';
import { openHashKeys } from '../../systems/store/identities.ts';
import { holdOffMerges } from '../../systems/store/merging.ts';
import { holdOffNewPeople, writeProfiles } from '../../systems/store/profiles.ts';
import { keyFrom } from '../../systems/store/secrets.ts';
import { addUserFields } from '../../systems/store/user-fields.ts';
import { openTestStore } from '../harness/store.ts';
import { membershipsNow } from '../systems/store/memberships.ts';

const { store, ...testStore } = await openTestStore();
after(() => testStore.close());
const hashKeys = await openHashKeys(store, keyFrom(randomBytes(32).toString('base64')));

type Looked = Awaited<ReturnType<ReevaluateActivities['reevaluateDue']>>;

/** More than one transaction of an evaluation takes. */
const people = 4_500;

test('a rule whose maker died half-way through is seen to by the schedule, and only then is nothing owed', async () => {
  await transaction(store, (database) => addUserFields(database, new Map([['visits', 'int']])));
  for (let from = 0; from < people; from += 1_500)
    await transaction(store, async (database) => {
      await holdOffMerges(database);
      await holdOffNewPeople(database);
      await writeProfiles(
        database,
        hashKeys,
        Array.from({ length: 1_500 }, (_, at) => ({
          identities: [{ field: 'email', value: `p${from + at}@example.com` }],
          fields: { visits: (from + at) % 3 },
        })),
      );
    });
  const { owed } = await saveRule(store, 'Twice', 'FILTER visits >= 2');
  const dying = new AbortController();
  await assert.rejects(
    evaluateEverybody(
      store,
      owed.map(({ id }) => id),
      { onProgress: () => dying.abort(), signal: dying.signal },
    ),
    { name: 'AbortError' },
  );
  const members = async (): Promise<number> => (await membershipsNow(store)).get('Twice')?.size ?? 0;
  const schedule = reevaluateActivities({ store, stopping: new AbortController().signal });
  const look = (): Promise<Looked> =>
    new MockActivityEnvironment().run<[], Looked, () => Promise<Looked>>(() => schedule.reevaluateDue(1_000));

  const half = await members();
  assert.ok(half > 0 && half < people / 3, `${half} are members when its maker dies`);
  assert.deepEqual(await look(), { profiles: 0, isMore: false }, 'its maker may live: it is left to them');
  assert.equal(await members(), half);

  await store.query(`update audiences set owed_from = owed_from - interval '10 minutes'`);
  assert.equal((await look()).profiles, people);
  assert.equal(await members(), people / 3);
  assert.deepEqual(await owedAudiences(store), []);
  assert.deepEqual(await look(), { profiles: 0, isMore: false });
});
