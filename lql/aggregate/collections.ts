/** Merge operators of sets and maps: union, and for each key of a map one of the operators of single values. */
import { isList, isPair, textOf } from '../values.ts';
import type { Value } from '../values.ts';
import { jsonOf } from './json-text.ts';
import { put, settled, union } from './bounded.ts';
import type { Bounded, Bounds } from './bounded.ts';
import { isGreater, shownAs } from './cast.ts';
import type { Held, ScalarKind } from './cast.ts';
import type { FieldValue, Json, Operator, Texts } from './operator.ts';
import { asItIs, isTuple, timedFromJson, timedToJson } from './scalars.ts';
import type { Cast, Fold, Preference, Scale, Timed } from './scalars.ts';

/** What stands under a key, and how two of them merge. */
export interface Entry<V> {
  make(value: Value, atMs: number): V | undefined;
  readonly merge: (one: V, other: V) => V;
  show(value: V): Held;
  texts(value: V): Texts;
  /** Whether both texts are always the same. */
  readonly isShownAsKept: boolean;
  toJson(value: V): Json;
  fromJson(json: Json): V | undefined;
}

export const timedEntry = (kind: ScalarKind, cast: Cast, merge: Preference): Entry<Timed> => ({
  make(value, atMs) {
    const held = cast(value);
    return held === undefined ? undefined : { held, atMs };
  },
  merge,
  show: ({ held }) => shownAs(kind, held),
  texts: ({ held, atMs }) => ({ shown: jsonOf(shownAs(kind, held)), kept: `[${jsonOf(held)},${atMs}]` }),
  isShownAsKept: false,
  toJson: timedToJson,
  fromJson: timedFromJson,
});

export const foldedEntry = (kind: ScalarKind, cast: Cast, merge: Fold, scale: Scale): Entry<number> => ({
  make(value) {
    const held = cast(value);
    return typeof held === 'number' ? scale.keep(held) : undefined;
  },
  merge,
  show: (value) => shownAs(kind, scale.show(value)),
  texts: (value) => ({ shown: jsonOf(shownAs(kind, scale.show(value))), kept: jsonOf(value) }),
  isShownAsKept: kind !== 'date' && scale === asItIs,
  toJson: (value) => value,
  fromJson: (json) => (typeof json === 'number' ? json : undefined),
});

export function mapOf<V>(entry: Entry<V>, bounds: Bounds): Operator<Bounded<V>> {
  const each = <T>(state: Bounded<V>, use: (value: V) => T): Record<string, T> =>
    Object.fromEntries(settled(state, bounds).map((key) => [key, use(state.entries.get(key) as V)]));
  function addOne(state: Bounded<V> | undefined, pair: Value, atMs: number): Bounded<V> | undefined {
    const made = isPair(pair) ? entry.make(pair.value, atMs) : undefined;
    if (made === undefined || !isPair(pair)) return state;
    return put(state, pair.key, made, entry.merge, bounds);
  }
  return {
    add(state, value, atMs) {
      if (isList(value)) return value.reduce((into, one) => addOne(into, one, atMs), state);
      return addOne(state, value, atMs);
    },
    merge: (into, other) => union(into, other, entry.merge, bounds),
    show: (state) => each(state, (value) => entry.show(value)),
    texts(state) {
      let shown = '';
      let kept = '';
      for (const key of settled(state, bounds)) {
        const one = entry.texts(state.entries.get(key) as V);
        const name = `${shown === '' ? '' : ','}${jsonOf(key)}:`;
        shown += name + one.shown;
        if (!entry.isShownAsKept) kept += name + one.kept;
      }
      if (entry.isShownAsKept) kept = shown;
      return { shown: `{${shown}}`, kept: writtenText(`{${kept}}`, state.end) };
    },
    toJson: (state) =>
      written(
        each(state, (value) => entry.toJson(value)),
        state.end,
      ),
    fromJson(json) {
      const [entries, end] = isTuple(json) ? json : [];
      if (typeof entries !== 'object' || entries === null || isTuple(entries)) return undefined;
      const known: [string, V][] = [];
      for (const [key, value] of Object.entries(entries)) {
        const state = entry.fromJson(value);
        if (state === undefined) return undefined;
        known.push([key, state]);
      }
      return read(known, end);
    },
  };
}

const keep = (): true => true;

/** @param cast to text, of which the order of code units is the set's order */
export function setOf(cast: Cast, bounds: Bounds): Operator<Bounded<true>> {
  return {
    add(state, value) {
      let into = state;
      for (const item of isList(value) ? value : [value]) {
        // Most values of a person come again: one that is there was found fit.
        if (typeof item === 'string' && into?.entries.has(item) === true) continue;
        const text = textOf(cast(item));
        if (text !== undefined) into = put(into, text, true, keep, bounds);
      }
      return into;
    },
    merge: (into, other) => union(into, other, keep, bounds),
    show: (state) => settled(state, bounds),
    texts: (state) => {
      const shown = JSON.stringify(settled(state, bounds));
      return { shown, kept: writtenText(shown, state.end) };
    },
    toJson: (state) => written(settled(state, bounds), state.end),
    fromJson(json) {
      const [texts, end] = isTuple(json) ? json : [];
      if (texts === undefined || !isTuple(texts)) return undefined;
      return read(
        texts.filter((text) => typeof text === 'string').map((text) => [text, true]),
        end,
      );
    },
  };
}

const writtenText = (content: string, end: string | undefined): string =>
  end === undefined ? `[${content}]` : `[${content},${jsonOf(end)}]`;

const written = (content: Json, end: string | undefined): Json =>
  end === undefined ? [content] : [content, end];

function read<V>(entries: readonly (readonly [string, V])[], end: Json | undefined): Bounded<V> | undefined {
  // A number is the time of a whole set or map.
  if (end !== undefined && typeof end !== 'string') return undefined;
  const keyBytes = entries.reduce((sum, [key]) => sum + Buffer.byteLength(key), 0);
  return { entries: new Map(entries), end, keyBytes };
}

interface Whole<State> {
  readonly state: State;
  /** As JSON, which decides at equal times. */
  readonly text: string;
  readonly atMs: number;
}

/** A set or a map that a later (or an earlier) event replaces as a whole. */
export function wholeByTime<State>(
  inner: Operator<State>,
  isBetter: (oneMs: number, otherMs: number) => boolean,
): Operator<Whole<State>> {
  const prefer = (one: Whole<State>, other: Whole<State>): Whole<State> => {
    if (one.atMs !== other.atMs) return isBetter(one.atMs, other.atMs) ? one : other;
    return isGreater(other.text, one.text) ? other : one;
  };
  const whole = (state: State, atMs: number): Whole<State> => ({
    state,
    text: JSON.stringify(inner.toJson(state)),
    atMs,
  });
  return {
    add(state, value, atMs) {
      const made = inner.add(undefined, value, atMs);
      if (made === undefined) return state;
      return state === undefined ? whole(made, atMs) : prefer(state, whole(made, atMs));
    },
    merge: prefer,
    show: ({ state }): FieldValue => inner.show(state),
    texts: ({ state, atMs }) => {
      const { shown, kept } = inner.texts(state);
      return { shown, kept: `[${kept},${atMs}]` };
    },
    toJson: ({ state, atMs }) => [inner.toJson(state), atMs],
    fromJson(json) {
      const [state, atMs] = isTuple(json) ? json : [];
      const known = state === undefined || typeof atMs !== 'number' ? undefined : inner.fromJson(state);
      return known === undefined || typeof atMs !== 'number' ? undefined : whole(known, atMs);
    },
  };
}
