/**
 * A merge operator: how the contributions of many events become one field of a profile. For every operator,
 * `add` and `merge` come to the same in any order and any grouping, and a state survives being written as JSON.
 */
import type { Value } from '../values.ts';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** As a profile's fields hold it. */
export type FieldValue =
  string | number | boolean | readonly string[] | Readonly<Record<string, string | number | boolean>>;

export interface Texts {
  readonly shown: string;
  readonly kept: string;
}

export interface Operator<State> {
  /** Takes one event's value; `state` may be changed in place, and the returned one is the one to keep. */
  add(state: State | undefined, value: Value, atMs: number): State | undefined;
  /** `into` may be changed in place; `other` stays as it is. */
  merge(into: State, other: State): State;
  show(state: State): FieldValue;
  /** What `show` and `toJson` give, as JSON: of a large state, much of both is the same text. */
  texts(state: State): Texts;
  /** When the event was that the state is of, where it is of one. */
  timeOf?(state: State): number;
  toJson(state: State): Json;
  /**
   * Of what `toJson` wrote. Undefined where another operator wrote it, in another form: a mapping may have
   * changed what a field is, and what was gathered before is then no part of it.
   */
  fromJson(json: Json): State | undefined;
}

declare const opaque: unique symbol;
/** A state of whichever operator: only the operator that made it looks inside. */
export interface AnyState {
  readonly [opaque]: true;
}

/** Operators of different states side by side; each only ever gets back what it gave. */
export const asAny = <State>(operator: Operator<State>): Operator<AnyState> =>
  operator as unknown as Operator<AnyState>;
