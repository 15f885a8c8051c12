/**
 * Which runs are made: `SEED=7` repeats one, `RUNS=10` makes so many, from a new seed each time unless it is
 * given. A failing run names its seed.
 */

export function seedsOf(runs: number): readonly number[] {
  const { SEED, RUNS } = process.env;
  if (SEED !== undefined) return [Number(SEED)];
  const first = Date.now() % 1_000_000;
  return Array.from({ length: RUNS === undefined ? runs : Number(RUNS) }, (_, index) => first + index);
}

/** Runs `work` for each of the items, so many at once. */
export async function severalAtOnce<Item>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item, index: number) => Promise<void>,
): Promise<void> {
  const waiting = items.entries();
  const one = async (): Promise<void> => {
    for (const [index, item] of waiting) await work(item, index);
  };
  await Promise.all(Array.from({ length: atOnce }, one));
}
