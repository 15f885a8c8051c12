/** Merge operators of fields that hold one value: latest, oldest, min, max, sum. */
import type { Value } from '../values.ts';
import { isGreater, shownAs } from './cast.ts';
import type { Held, ScalarKind } from './cast.ts';
import type { Json, Operator } from './operator.ts';
import { jsonOf } from './json-text.ts';

export interface Timed {
  readonly held: Held;
  readonly atMs: number;
}

export type Cast = (value: Value) => Held | undefined;

export type Preference = (one: Timed, other: Timed) => Timed;

/** By the time of the event, not of its arrival; at equal times the greater value wins, in both. */
const preferred =
  (isBetter: (oneMs: number, otherMs: number) => boolean): Preference =>
  (one, other) => {
    if (one.atMs !== other.atMs) return isBetter(one.atMs, other.atMs) ? one : other;
    return isGreater(other.held, one.held) ? other : one;
  };

export const preferences = {
  latest: preferred((one, other) => one > other),
  oldest: preferred((one, other) => one < other),
} as const;

export const timedToJson = ({ held, atMs }: Timed): Json => [held, atMs];

export function timedFromJson(json: Json): Timed | undefined {
  const [held, atMs] = isTuple(json) ? json : [];
  return typeof atMs === 'number' && held !== null && typeof held !== 'object' && held !== undefined
    ? { held, atMs }
    : undefined;
}

export const isTuple = (json: Json): json is readonly Json[] => Array.isArray(json);

export function byTime(kind: ScalarKind, cast: Cast, prefer: Preference): Operator<Timed> {
  return {
    add(state, value, atMs) {
      const held = cast(value);
      if (held === undefined) return state;
      return state === undefined ? { held, atMs } : prefer(state, { held, atMs });
    },
    merge: prefer,
    show: ({ held }) => shownAs(kind, held),
    texts: ({ held, atMs }) => {
      const kept = jsonOf(held);
      return { shown: kind === 'date' ? jsonOf(shownAs(kind, held)) : kept, kept: `[${kept},${atMs}]` };
    },
    timeOf: ({ atMs }) => atMs,
    toJson: timedToJson,
    fromJson: timedFromJson,
  };
}

export type Fold = (one: number, other: number) => number;

/**
 * Sums of numbers add millionths, which are whole numbers: adding fractions as they are would depend on the
 * order. Exact up to nine thousand million.
 */
const MILLION = 1_000_000;

export const folds = {
  min: (one, other) => Math.min(one, other),
  max: (one, other) => Math.max(one, other),
  sum: (one, other) => one + other,
} as const satisfies Readonly<Record<string, Fold>>;

/** Numbers as an operator keeps them, and back. */
export interface Scale {
  keep(value: number): number;
  show(kept: number): number;
}

export const asItIs: Scale = { keep: (value) => value, show: (kept) => kept };

export const inMillionths: Scale = {
  keep: (value) => Math.round(value * MILLION),
  show: (kept) => kept / MILLION,
};

export function folded(kind: ScalarKind, cast: Cast, fold: Fold, scale: Scale): Operator<number> {
  return {
    add(state, value) {
      const held = cast(value);
      if (typeof held !== 'number') return state;
      const kept = scale.keep(held);
      return state === undefined ? kept : fold(state, kept);
    },
    merge: fold,
    show: (state) => shownAs(kind, scale.show(state)),
    texts: (state) => ({ shown: jsonOf(shownAs(kind, scale.show(state))), kept: jsonOf(state) }),
    toJson: (state) => state,
    fromJson: (json) => (typeof json === 'number' ? json : undefined),
  };
}
