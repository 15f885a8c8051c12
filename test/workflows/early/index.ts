/** A workflow that decides by the time at which it hears of a signal. */
import { condition, defineQuery, defineSignal, setHandler, sleep } from '@temporalio/workflow';

export const calledSignal = defineSignal('called');
export const calledQuery = defineQuery<boolean>('isCalled');

/** @returns how long it waited, in milliseconds by its clock */
export async function waitForCall(): Promise<number> {
  let isCalled = false;
  const begunMs = Date.now();
  setHandler(calledSignal, () => {
    isCalled = true;
  });
  setHandler(calledQuery, () => isCalled);
  await condition(() => isCalled);
  const waitedMs = Date.now() - begunMs;
  if (waitedMs === 0) await sleep(1);
  return waitedMs;
}
