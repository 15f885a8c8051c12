/**
 * What importing needs of a mapping: whom an event is about, and what it adds to what is known of them.
 */
import type { Merging } from '../../systems/store/event-profiles.ts';
import type { Identity } from '../../systems/store/identities.ts';

/** What an event adds to what is known of somebody: its time, and texts that only the mapping understands. */
export interface Addition {
  readonly atMs: number;
  readonly cells: readonly (string | undefined)[];
}

/** What one event comes to. */
export interface Mapped {
  /** None where nobody can be found by it: it is in the stream only. */
  readonly identities: readonly Identity[];
  readonly addition: Addition;
}

export interface EventMapping<Aggregates> extends Merging<Aggregates> {
  /** @param columns the names of the values' columns, whatever their letter case */
  reader(columns: readonly string[]): (values: readonly string[], atMs: number) => Mapped;
  /** Adds to what is there, which may be changed by it. @param addition of any reader of the same mapping */
  add(aggregates: Aggregates | undefined, addition: Addition): Aggregates;
}
