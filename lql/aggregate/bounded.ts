/**
 * Keys with values, bounded in number and bytes, whose content never depends on the order in which keys came
 * or on how they were split into parts: kept are the first keys in code-unit order that fit, and the first that
 * did not is remembered as the `end`, at and beyond which nothing is taken any more. (Keeping the newest
 * would depend on order as soon as a count has been dropped and comes anew.) A key below every part's end
 * is complete in every part, and so in their union; that makes the union of cut parts the cut of the union.
 */
import { fieldLimits } from '../../jobs/limits.ts';
import { isStorable } from '../values.ts';

export interface Bounded<V> {
  readonly entries: Map<string, V>;
  /** The smallest key that did not fit. */
  end: string | undefined;
  keyBytes: number;
}

export interface Bounds {
  readonly entries: number;
  readonly keyBytes: number;
}

/** How far a collection may grow over its bounds before it is cut: cutting sorts, so it is done seldom. */
const SLACK = 2;

const emptyBounded = <V>(): Bounded<V> => ({ entries: new Map(), end: undefined, keyBytes: 0 });

/** Puts a value under a key, into a new collection where there is none yet; a key that is not taken makes none. */
export function put<V>(
  state: Bounded<V> | undefined,
  key: string,
  value: V,
  merge: (one: V, other: V) => V,
  bounds: Bounds,
): Bounded<V> | undefined {
  if (state?.end !== undefined && key >= state.end) return state;
  const present = state?.entries.get(key);
  if (state !== undefined && present !== undefined) {
    const merged = merge(present, value);
    if (merged !== present) state.entries.set(key, merged);
    return state;
  }
  const bytes = Buffer.byteLength(key);
  if (bytes > fieldLimits.textBytes || !isStorable(key)) return state;
  const into = state ?? emptyBounded<V>();
  into.entries.set(key, value);
  into.keyBytes += bytes;
  if (into.entries.size > bounds.entries * SLACK || into.keyBytes > bounds.keyBytes * SLACK)
    cut(into, bounds);
  return into;
}

/** Merges `other` into `into`, which is returned; `other` stays as it is. */
export function union<V>(
  into: Bounded<V>,
  other: Bounded<V>,
  merge: (one: V, other: V) => V,
  bounds: Bounds,
): Bounded<V> {
  if (other.end !== undefined && (into.end === undefined || other.end < into.end)) {
    into.end = other.end;
    cut(into, bounds);
  }
  for (const [key, value] of other.entries) put(into, key, value, merge, bounds);
  return into;
}

/** The keys of the collection within its bounds, in order. */
export function settled(bounded: Bounded<unknown>, bounds: Bounds): readonly string[] {
  if (bounded.entries.size > bounds.entries || bounded.keyBytes > bounds.keyBytes) cut(bounded, bounds);
  return sorted(bounded);
}

function cut(bounded: Bounded<unknown>, bounds: Bounds): void {
  let bytes = 0;
  let count = 0;
  for (const key of sorted(bounded)) {
    const beyond = bounded.end !== undefined && key >= bounded.end;
    const size = Buffer.byteLength(key);
    if (beyond || count + 1 > bounds.entries || bytes + size > bounds.keyBytes) {
      if (!beyond) bounded.end = key;
      bounded.entries.delete(key);
      continue;
    }
    count++;
    bytes += size;
  }
  bounded.keyBytes = bytes;
}

function sorted({ entries }: Bounded<unknown>): readonly string[] {
  const keys = Array.from(entries.keys());
  // As strings are sorted by themselves: by code units.
  return isInOrder(keys) ? keys : keys.sort();
}

/** As those are that were read of what was written. */
function isInOrder(keys: readonly string[]): boolean {
  for (let at = 1; at < keys.length; at++) if ((keys[at] ?? '') < (keys[at - 1] ?? '')) return false;
  return true;
}
