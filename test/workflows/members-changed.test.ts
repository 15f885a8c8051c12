import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readMembersChanged } from '../../workflows/members-changed.ts';

const id = '2f0c3f4e-6f5b-4f0a-9d0a-0a4c9b6f1e2d';

test('ids are taken, everything else is counted', () => {
  assert.deepEqual(readMembersChanged({ members: [id, 'joe@example.com', 7] }), {
    members: [id],
    refused: 2,
  });
  assert.deepEqual(readMembersChanged({ members: Array.from({ length: 101 }, () => id) }), {
    members: [],
    refused: 1,
  });
  for (const odd of [undefined, null, id, [id], {}, { members: id }]) {
    assert.deepEqual(readMembersChanged(odd), { members: [], refused: 1 });
  }
});

test('no payload makes it throw', () => {
  fc.assert(
    fc.property(fc.anything(), (payload) => {
      const { members, refused } = readMembersChanged(payload);
      assert.ok(members.length <= 100 && refused >= 0);
    }),
  );
});
