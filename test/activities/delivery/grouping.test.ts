import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { groupRows } from '../../../activities/delivery/grouping.ts';

test('every row is in one group, groups have one key, hold at most 200, and as few as can be', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(4), { maxLength: 900 }), (keys) => {
      const rows = keys.map((key, index) => ({ key, index }));
      const groups = groupRows(rows, (row) => String(row.key), 200);
      const seen = groups.flat().map((row) => row.index);
      assert.deepEqual(
        seen.toSorted((one, other) => one - other),
        rows.map((row) => row.index),
      );
      for (const group of groups) {
        assert.ok(group.length <= 200);
        assert.equal(new Set(group.map((row) => row.key)).size, 1);
      }
      const fewest = [0, 1, 2, 3, 4].reduce(
        (sum, key) => sum + Math.ceil(rows.filter((row) => row.key === key).length / 200),
        0,
      );
      assert.equal(groups.length, fewest);
    }),
  );
});
