/** Profiles written in COPY's binary form: read back by PostgreSQL, they are what was given. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { copyPieces } from '../../../systems/store/copy.ts';
import { transaction } from '../../../systems/store/database.ts';
import { openProfilePack, profileColumns } from '../../../systems/store/profile-pack.ts';
import type { ProfileRow } from '../../../systems/store/profile-pack.ts';
import { openTestStore } from '../../harness/store.ts';
import type { TestStore } from '../../harness/store.ts';

let opened: TestStore;
before(async () => {
  opened = await openTestStore();
});
after(() => opened.close());

const hostile = ['', '"', '\\', '\\N', '{}', '{"a","b"}', 'NULL', '\t\n\r', 'é€😀', "'; drop table profiles"];
const rowOf = (text: string): ProfileRow => {
  const json = JSON.stringify({ text, [text]: [text, 1.5, null] });
  return { id: randomUUID(), fields: json, aggregates: json };
};
const byId = (one: { id: string }, other: { id: string }): number => (one.id < other.id ? -1 : 1);

test('rows of all lengths, in many pieces, are read back as given; an emptied pack has none of them', async () => {
  const { store } = opened;
  const pack = openProfilePack();
  for (const texts of [
    [...hostile, ...Array.from({ length: 1_500 }, (_, at) => '"é\\'.repeat(at))],
    ['€'.repeat(1_000_000), ...hostile],
    hostile,
  ]) {
    await store.query('truncate profiles cascade');
    pack.empty();
    assert.equal(pack.bytes, 0);
    const rows = texts.map(rowOf);
    for (const row of rows) pack.add(row);
    const pieces = pack.pieces();
    assert.ok(texts.length < 1_000 || pieces.length > 5, 'many pieces');
    const ends = 21;
    assert.equal(Buffer.concat([...pieces]).length, pack.bytes + ends);
    await transaction(store, (database) =>
      copyPieces(database, `profiles (${profileColumns})`, pieces, 'binary'),
    );

    const { rows: found } = await store.query<{ id: string; fields: unknown; aggregates: string[] }>(
      'select id, fields, aggregates from profiles order by id',
    );
    assert.deepEqual(
      found,
      rows.sort(byId).map(({ id, fields, aggregates }) => ({
        id,
        fields: JSON.parse(fields) as unknown,
        aggregates: [aggregates],
      })),
    );
  }
});

test('what is no id is refused before it is sent', () => {
  for (const id of ['', 'somebody', randomUUID().slice(1), `${randomUUID()}00`])
    assert.throws(() => openProfilePack().add({ id, fields: '{}', aggregates: '{}' }), /This is no id/);
});
