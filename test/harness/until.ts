/** Waiting for what comes about by itself. */
import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';

export interface Waiting {
  readonly withinMs: number;
  readonly everyMs?: number;
  /** What is waited for, for the failure. */
  readonly what?: string;
}

/** Looks until it is so; a test that would wait for ever fails by its own name. */
export async function untilSo(
  isSo: () => boolean | Promise<boolean>,
  { withinMs, everyMs = 100, what = 'it' }: Waiting,
): Promise<void> {
  for (let look = 0; look < withinMs / everyMs; look++) {
    if (await isSo()) return;
    await wait(everyMs);
  }
  assert.fail(`${what}: it did not come about within ${withinMs / 1_000} seconds`);
}
