/**
 * Events of a file gathered by person, until they are folded into profiles. Whoever shares an identifier is
 * one person here; who that is in the store is found when they are folded. What events come to is made only
 * then, person by person: it takes several times the memory of the events.
 */
import type { PersonEvents } from '../../systems/store/event-profiles.ts';
import { standingAlone } from '../../lql/values.ts';
import type { Identity } from '../../systems/store/identities.ts';
import type { EventMapping, Mapped } from './event-mapping.ts';
import { openAdditionLog } from './addition-log.ts';

export interface Gathering<Aggregates> {
  /** Events that were added, those about nobody included. */
  readonly events: number;
  readonly nobodys: number;
  /** About how much memory they take. */
  readonly bytes: number;
  add(mapped: Mapped): void;
  people(): readonly PersonEvents<Aggregates>[];
}

/** A person with its lists, and an event in one of them. */
const bytesOfPerson = 300;
const bytesOfEvent = 16;
/** An entry of the map, the identity and its key. */
const bytesOfIdentity = 300;

export function gatherPeople<Aggregates>(mapping: EventMapping<Aggregates>): Gathering<Aggregates> {
  interface Person {
    readonly identities: Identity[];
    /** Where in the log they stand. */
    readonly additions: number[];
  }
  const byIdentity = new Map<string, Person>();
  const log = openAdditionLog();
  const counts = { events: 0, nobodys: 0, bytes: 0 };

  const unite = (one: Person, other: Person): Person => {
    const [stays, goes] = one.identities.length >= other.identities.length ? [one, other] : [other, one];
    for (const addition of goes.additions) stays.additions.push(addition);
    for (const identity of goes.identities) byIdentity.set(keyOf(identity), stays);
    stays.identities.push(...goes.identities);
    return stays;
  };

  const aggregatesOf = (additions: readonly number[]): Aggregates => {
    let aggregates: Aggregates | undefined;
    for (const at of additions) aggregates = mapping.add(aggregates, log.read(at));
    if (aggregates === undefined) throw new Error('A person without an event.');
    return aggregates;
  };

  return {
    get events() {
      return counts.events;
    },
    get nobodys() {
      return counts.nobodys;
    },
    get bytes() {
      return counts.bytes + log.bytes;
    },
    add: ({ identities, addition }) => {
      counts.events += 1;
      if (identities.length === 0) {
        counts.nobodys += 1;
        return;
      }
      let person: Person | undefined;
      let isKnown = true;
      for (const identity of identities) {
        const known = byIdentity.get(keyOf(identity));
        isKnown &&= known !== undefined;
        if (known === undefined || known === person) continue;
        person = person === undefined ? known : unite(person, known);
      }
      counts.bytes += bytesOfEvent + (person === undefined ? bytesOfPerson : 0);
      person ??= { identities: [], additions: [] };
      person.additions.push(log.append(addition));
      if (isKnown) return;
      for (const { field, value } of identities) {
        const identity: Identity = { field, value: standingAlone(value) };
        const key = keyOf(identity);
        if (byIdentity.has(key)) continue;
        byIdentity.set(key, person);
        person.identities.push(identity);
        counts.bytes += bytesOfIdentity;
      }
    },
    people: () =>
      Array.from(new Set(byIdentity.values()), ({ identities, additions }) => ({
        identities,
        get aggregates() {
          return aggregatesOf(additions);
        },
      })),
  };
}

const keyOf = ({ field, value }: Identity): string => `${field}\0${value}`;
