import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { callsPerMinute } from '../../../systems/responsys/index.ts';

test('calls beyond a function’s allowance wait, those of other functions do not, and a signal ends the wait', async () => {
  const governor = callsPerMinute({ 'Merge List Recipients': 2 });
  const ran: string[] = [];
  const call = (name: string) => (): Promise<void> => {
    ran.push(name);
    return Promise.resolve();
  };
  await governor.run('Merge List Recipients', call('first'));
  await governor.run('Merge List Recipients', call('second'));
  const stop = new AbortController();
  const third = governor.run('Merge List Recipients', call('third'), stop.signal);
  await governor.run('Retrieve Profile Lists', call('another function'));
  stop.abort(new Error('stopped'));
  await assert.rejects(third, /stopped/);
  assert.deepEqual(ran, ['first', 'second', 'another function']);
});

test('in real time: a slot is free a window after its call ended, not after it began', async () => {
  const api = 'Merge List Recipients';
  const governor = callsPerMinute({ [api]: 2 }, 300);
  const begun: number[] = [];
  const ended: number[] = [];
  const call = async (): Promise<void> => {
    begun.push(performance.now());
    await wait(150);
    ended.push(performance.now());
  };
  await Promise.all(Array.from({ length: 4 }, () => governor.run(api, call)));
  // A timer may fire a little early.
  for (const n of [2, 3]) assert.ok((begun[n] ?? 0) - (ended[n - 2] ?? 0) >= 295);
});

test('one who gives up leaves at once, waiting or under way, and keeps the slot of a call that was made', async () => {
  const api = 'Merge List Recipients';
  const governor = callsPerMinute({ [api]: 1 }, 100);
  const leaving = new AbortController();
  const startedMs = performance.now();
  const underWay = governor.run(api, () => wait(50), leaving.signal);
  const waiting = governor.run(api, () => Promise.reject(new Error('was called')), leaving.signal);
  const staying = governor.run(api, () => Promise.resolve(performance.now()));
  leaving.abort(new Error('gave up'));
  await assert.rejects(underWay, /gave up/);
  await assert.rejects(waiting, /gave up/);
  assert.ok((await staying) - startedMs >= 145);
});
