import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { narrow } from '../../../systems/responsys/narrow.ts';
import type { SendResult } from '../../../systems/responsys/narrow.ts';

type Outcome = 'taken' | 'set aside';

/** A service that refuses a request for its first bad row, naming the row or not. */
function refusing(named: boolean) {
  let requests = 0;
  const taken: number[] = [];
  const send = (rows: readonly { id: number; bad: boolean }[]): Promise<SendResult<Outcome>> => {
    requests += 1;
    const bad = rows.findIndex((row) => row.bad);
    if (bad >= 0)
      return Promise.resolve({ refusal: { index: named ? bad : undefined, words: 'Bad Email Format' } });
    taken.push(...rows.map((row) => row.id));
    return Promise.resolve({ outcomes: rows.map(() => 'taken') });
  };
  return { send, requests: () => requests, taken };
}

const batch = fc
  .array(fc.boolean(), { minLength: 1, maxLength: 200 })
  .map((bads) => bads.map((bad, id) => ({ id, bad })));

for (const named of [true, false]) {
  test(`bad rows are set aside and all others are taken once, when refusals ${named ? 'name the row' : 'name no row'}`, async () => {
    await fc.assert(
      fc.asyncProperty(batch, async (rows) => {
        const service = refusing(named);
        const outcomes = await narrow<(typeof rows)[number], Outcome>(rows, service.send, () => 'set aside');
        assert.deepEqual(
          outcomes,
          rows.map((row) => (row.bad ? 'set aside' : 'taken')),
        );
        assert.deepEqual(
          service.taken.toSorted((a, b) => a - b),
          rows.filter((row) => !row.bad).map((row) => row.id),
        );
        const bad = rows.filter((row) => row.bad).length;
        if (named) assert.ok(service.requests() <= bad + 1);
      }),
    );
  });
}

test('one bad row of 200 that no refusal names costs at most nine requests more', async () => {
  for (let bad = 0; bad < 200; bad++) {
    const service = refusing(false);
    const rows = Array.from({ length: 200 }, (_, id) => ({ id, bad: id === bad }));
    await narrow<(typeof rows)[number], Outcome>(rows, service.send, () => 'set aside');
    assert.ok(service.requests() - 1 <= 9, `row ${bad}: ${service.requests() - 1} requests more`);
  }
});
