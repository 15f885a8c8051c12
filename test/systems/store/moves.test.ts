/** What becomes of memberships, written in COPY's binary form: read back by PostgreSQL, it is what was given. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { transaction } from '../../../systems/store/database.ts';
import { writeMoves } from '../../../systems/store/memberships.ts';
import { openTestStore } from '../../harness/store.ts';
import type { TestStore } from '../../harness/store.ts';

let opened: TestStore;
before(async () => {
  opened = await openTestStore();
});
after(() => opened.close());

test('memberships in more than one piece, each with a stay of its own, and a line of the log a profile', async () => {
  const { store } = opened;
  const audiences = Array.from({ length: 5 }, () => randomUUID());
  const profileIds = Array.from({ length: 6_000 }, () => randomUUID());
  const given = profileIds.map((profileId, at) => ({
    profileId,
    first: audiences.filter((_, index) => (at + index) % 5 < 2 || at === 0),
    again: [],
    exit: [],
  }));
  await store.query('insert into profiles (id) select unnest($1::uuid[])', [profileIds]);
  await transaction(store, (database) => writeMoves(database, given));

  const expected = given
    .flatMap(({ profileId, first }) => first.map((audienceId) => `${audienceId} ${profileId} true`))
    .sort();
  const { rows: members } = await store.query<{ member: string; stayId: string }>(
    `select concat_ws(' ', audience_id, profile_id, is_member::text) as member, stay_id::text as "stayId"
       from audience_members`,
  );
  assert.ok(expected.length > 10_000, 'more than a piece');
  assert.deepEqual(members.map(({ member }) => member).sort(), expected);
  assert.equal(new Set(members.map(({ stayId }) => stayId)).size, expected.length);
  for (const { stayId } of members) assert.match(stayId, /^.{8}-.{4}-4.{3}-[89ab].{3}-.{12}$/);

  const { rows: lines } = await store.query<{ profileId: string; change: string; audienceIds: string }>(
    'select profile_id as "profileId", change, array_to_string(audience_ids, \' \') as "audienceIds" from changes',
  );
  const line = (profileId: string, change: string, audienceIds: string) =>
    `${profileId} ${change} ${audienceIds}`;
  assert.deepEqual(
    lines.map(({ profileId, change, audienceIds }) => line(profileId, change, audienceIds)).sort(),
    given.map(({ profileId, first }) => line(profileId, 'enter', first.join(' '))).sort(),
  );
});

test('what is no id is refused, and nothing is written', async () => {
  const { store } = opened;
  const count = async (): Promise<unknown> =>
    (await store.query('select count(*) from audience_members')).rows[0];
  const before = await count();
  for (const [profileId, audienceId] of [
    [randomUUID(), ''],
    ['somebody', randomUUID()],
  ] as const)
    await assert.rejects(
      transaction(store, (database) =>
        writeMoves(database, [{ profileId, first: [audienceId], again: [], exit: [] }]),
      ),
      /This is no id/,
    );
  assert.deepEqual(await count(), before);
});
