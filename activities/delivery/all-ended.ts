/**
 * Waits for all of several sends, also when one has failed: what is still under way when a step ends would
 * overtake the step's next attempt with what was true before.
 */

/** @throws the first failure, once all have ended */
export async function allEnded<Result>(sends: readonly Promise<Result>[]): Promise<readonly Result[]> {
  await Promise.allSettled(sends);
  return Promise.all(sends);
}
