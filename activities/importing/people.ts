/**
 * Events of a file gathered by person, until they are folded into profiles. Whoever shares an identifier is
 * one person here; who that is in the store is found when they are folded. What events come to is made only
 * then, person by person: it takes several times the memory of the events.
 */
import { standingAlone } from '../../lql/values.ts';
import type { PersonEvents } from '../../systems/store/whose-events.ts';
import type { Identity } from '../../systems/store/identities.ts';
import { openAdditionLog } from './addition-log.ts';
import type { EventMapping, Mapped } from './event-mapping.ts';

export interface Gathering<Aggregates> {
  /** Events that were added, those about nobody included. */
  readonly events: number;
  readonly nobodys: number;
  /** About how much memory they take, with those that are noted only. */
  readonly bytes: number;
  /** Keeps an event until it is known whether it counts. @returns what it is added by */
  note(mapped: Mapped): number;
  add(noted: number): void;
  people(): readonly PersonEvents<Aggregates>[];
}

/** With what is held of its person while it is folded: hashes, the profile, what the store is asked. Measured. */
const bytesOfIdentity = 2_000;
const nobodys = -1;

export function gatherPeople<Aggregates>(mapping: EventMapping<Aggregates>): Gathering<Aggregates> {
  const log = openAdditionLog();
  /** Identities by their numbers, and the numbers of the persons whose they are. */
  const identities: Identity[] = [];
  const numbers = {
    email: new Map<string, number>(),
    customer_id: new Map<string, number>(),
    rs_user_id: new Map<string, number>(),
  } as const satisfies Readonly<Record<Identity['field'], Map<string, number>>>;
  const persons: (number | undefined)[] = [];
  /** Of persons, who each was united with, and the first and the last of their events. */
  const united: number[] = [];
  const firsts: number[] = [];
  const lasts: number[] = [];
  const counts = { events: 0, nobodys: 0 };

  const numberOf = ({ field, value }: Identity): number => {
    const known = numbers[field].get(value);
    if (known !== undefined) return known;
    const alone = standingAlone(value);
    numbers[field].set(alone, identities.length);
    return identities.push({ field, value: alone }) - 1;
  };
  const personOf = (identity: number): number | undefined => {
    let person = persons[identity];
    while (person !== undefined && united[person] !== person) person = united[person];
    return person;
  };
  const append = (person: number, first: number, last: number): void => {
    const before = lasts[person];
    if (before === undefined) firsts[person] = first;
    else log.setNext(before, first);
    lasts[person] = last;
  };
  const unite = (stays: number, goes: number): number => {
    united[goes] = stays;
    append(stays, firsts[goes] ?? 0, lasts[goes] ?? 0);
    return stays;
  };
  const aggregatesOf = (person: number): Aggregates => {
    let aggregates: Aggregates | undefined;
    for (let at = firsts[person]; at !== undefined; at = log.next(at))
      aggregates = mapping.add(aggregates, log.read(at));
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
      return log.bytes + identities.length * bytesOfIdentity;
    },
    note: ({ identities: own, addition }) =>
      own.length === 0 ? nobodys : log.append(addition, own.map(numberOf)),
    add: (noted) => {
      counts.events += 1;
      if (noted === nobodys) {
        counts.nobodys += 1;
        return;
      }
      let person: number | undefined;
      const own = log.numbers(noted);
      for (const identity of own) {
        const known = personOf(identity);
        if (known === undefined || known === person) continue;
        person = person === undefined ? known : unite(person, known);
      }
      person ??= united.push(united.length) - 1;
      for (const identity of own) persons[identity] = person;
      append(person, noted, noted);
    },
    people: () => {
      const known = new Map<number, Identity[]>();
      identities.forEach((identity, number) => {
        const person = personOf(number);
        if (person === undefined) return;
        const own = known.get(person);
        if (own === undefined) known.set(person, [identity]);
        else own.push(identity);
      });
      return Array.from(known, ([person, own]) => ({
        identities: own,
        aggregates: () => aggregatesOf(person),
      }));
    },
  };
}
