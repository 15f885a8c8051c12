/** Chance from a seed: the same seed, the same draws. */
export interface Random {
  /** From 0, below `limit`. */
  below(limit: number): number;
  chance(share: number): boolean;
  of<Value>(values: readonly Value[]): Value | undefined;
}

/** Mulberry32. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return { below, chance: (share) => next() < share, of: (values) => values[below(values.length)] };
}
