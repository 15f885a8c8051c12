/** How many rows each type has. */
import { layouts } from './types.ts';
import type { EventType } from './types.ts';

/** By the types' shares, at least one of each, and as many in all as are asked for. */
export function quotasOf(
  types: readonly EventType[],
  rows: number,
): Readonly<Partial<Record<EventType, number>>> {
  const shares = types.reduce((sum, type) => sum + layouts[type].share, 0);
  const spare = rows - types.length;
  const exact = types.map((type) => ({ type, number: (spare * layouts[type].share) / shares }));
  const missing = spare - exact.reduce((sum, { number }) => sum + Math.floor(number), 0);
  // The largest remainders have what is left over.
  const first = exact
    .toSorted((one, other) => (other.number % 1) - (one.number % 1))
    .slice(0, missing)
    .map(({ type }) => type);
  return Object.fromEntries(
    exact.map(({ type, number }) => [type, 1 + Math.floor(number) + (first.includes(type) ? 1 : 0)]),
  );
}
