/**
 * Events of a file gathered by person, until they are folded into profiles. Whoever shares an identifier is
 * one person here; who that is in the store is found when they are folded.
 */
import type { PersonEvents } from '../../systems/store/event-profiles.ts';
import type { Identity } from '../../systems/store/identities.ts';
import type { EventMapping, Mapped } from './event-mapping.ts';

export interface Gathering<Aggregates, Addition> {
  /** Events that were added, those about nobody included. */
  readonly events: number;
  readonly nobodys: number;
  /** About how much memory they take. */
  readonly bytes: number;
  /** @param characters of the event's values: not more than it can add */
  add(mapped: Mapped<Addition>, characters: number): void;
  people(): readonly PersonEvents<Aggregates>[];
}

/** Aggregates of the default mapping, with some twenty fields that have a value; measured. */
const bytesOfPerson = 3_000;
/** An entry of the map, the identity and its key. */
const bytesOfIdentity = 300;

export function gatherPeople<Aggregates, Addition>(
  mapping: EventMapping<Aggregates, Addition>,
): Gathering<Aggregates, Addition> {
  interface Person {
    identities: Identity[];
    aggregates: Aggregates;
  }
  const byIdentity = new Map<string, Person>();
  const counts = { events: 0, nobodys: 0, bytes: 0 };

  const unite = (one: Person, other: Person): Person => {
    const [stays, goes] = one.identities.length >= other.identities.length ? [one, other] : [other, one];
    stays.aggregates = mapping.merge(stays.aggregates, goes.aggregates);
    for (const identity of goes.identities) byIdentity.set(keyOf(identity), stays);
    stays.identities.push(...goes.identities);
    return stays;
  };

  return {
    get events() {
      return counts.events;
    },
    get nobodys() {
      return counts.nobodys;
    },
    get bytes() {
      return counts.bytes;
    },
    add: ({ identities, addition }, characters) => {
      counts.events += 1;
      if (identities.length === 0) {
        counts.nobodys += 1;
        return;
      }
      let person: Person | undefined;
      for (const identity of identities) {
        const known = byIdentity.get(keyOf(identity));
        if (known === undefined || known === person) continue;
        person = person === undefined ? known : unite(person, known);
      }
      const aggregates = mapping.add(person?.aggregates, addition);
      counts.bytes += characters + (person === undefined ? bytesOfPerson : 0);
      person ??= { identities: [], aggregates };
      person.aggregates = aggregates;
      for (const identity of identities) {
        const key = keyOf(identity);
        if (byIdentity.has(key)) continue;
        byIdentity.set(key, person);
        person.identities.push(identity);
        counts.bytes += bytesOfIdentity;
      }
    },
    people: () => [...new Set(byIdentity.values())],
  };
}

const keyOf = ({ field, value }: Identity): string => `${field}\0${value}`;
