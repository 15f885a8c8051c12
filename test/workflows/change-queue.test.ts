import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { openChangeQueue } from '../../workflows/change-queue.ts';

test('a member that changes again keeps its place and its time', () => {
  const queue = openChangeQueue();
  queue.add('a', 1);
  queue.add('b', 2);
  queue.add('a', 3);
  assert.deepEqual(queue.entries(), [
    ['a', 1],
    ['b', 2],
  ]);
  assert.equal(queue.oldestMs, 1);
});

test('whatever is added, taken and put back, no member is lost or doubled, and times never grow later', () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('add' as const), member: fc.nat(20) }),
    fc.record({ do: fc.constant('send' as const), count: fc.nat(8), fails: fc.boolean() }),
  );
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const queue = openChangeQueue();
      const waiting = new Map<string, number>();
      steps.forEach((one, now) => {
        if (one.do === 'add') {
          const member = `m${one.member}`;
          queue.add(member, now);
          if (!waiting.has(member)) waiting.set(member, now);
          return;
        }
        const taken = queue.take(one.count);
        if (one.fails) queue.putBack(taken);
        else for (const [member] of taken) waiting.delete(member);
      });
      assert.deepEqual(new Map(queue.entries()), waiting);
      assert.equal(queue.size, waiting.size);
      assert.deepEqual(openChangeQueue(queue.entries()).entries(), queue.entries());
    }),
  );
});
