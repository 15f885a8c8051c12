/**
 * Counts how often each key was seen, for millions of keys: 64 bits of each in an open-addressed table, nine
 * bytes a slot, in the place of a hundred in a Map. Of two different keys in 20 million, the chance that
 * these bits are the same is one in 100,000.
 */

export interface Occurrences {
  /** Counts a key. @param key hex digits, evenly spread. @returns how often it was counted, this time included */
  count(key: string): number;
}

const fullest = 0.6;

export function openOccurrences(firstSlots = 1 << 12): Occurrences {
  let slots = firstSlots;
  let high = new Uint32Array(slots);
  let low = new Uint32Array(slots);
  let used = new Uint8Array(slots);
  let size = 0;
  /** Of the few that were seen more than once. */
  const repeated = new Map<string, number>();

  const slotOf = (one: number, other: number): number => {
    let slot = (one ^ Math.imul(other, 0x9e3779b1)) & (slots - 1);
    while (used[slot] === 1 && (high[slot] !== one || low[slot] !== other)) slot = (slot + 1) & (slots - 1);
    return slot;
  };

  const grow = (): void => {
    const before = { high, low, used };
    slots *= 2;
    high = new Uint32Array(slots);
    low = new Uint32Array(slots);
    used = new Uint8Array(slots);
    for (let at = 0; at < before.used.length; at++) {
      if (before.used[at] === 0) continue;
      const [one, other] = [before.high[at] ?? 0, before.low[at] ?? 0];
      const slot = slotOf(one, other);
      high[slot] = one;
      low[slot] = other;
      used[slot] = 1;
    }
  };

  return {
    count: (key) => {
      const one = Number.parseInt(key.slice(0, 8), 16);
      const other = Number.parseInt(key.slice(8, 16), 16);
      const slot = slotOf(one, other);
      if (used[slot] === 0) {
        high[slot] = one;
        low[slot] = other;
        used[slot] = 1;
        size += 1;
        if (size > slots * fullest) grow();
        return 1;
      }
      const times = (repeated.get(key) ?? 1) + 1;
      repeated.set(key, times);
      return times;
    },
  };
}
