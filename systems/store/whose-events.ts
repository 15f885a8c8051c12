/**
 * Whose events they are: the profiles that the identities of people in events find. People who are new are given one,
 * and profiles that turn out to be of one person are merged.
 */
import { randomUUID } from 'node:crypto';
import type { Database } from './database.ts';
import { addHashed, findProfiles, hashIdentity } from './identities.ts';
import type { HashKeys, Identity } from './identities.ts';
import { holdMerges, holdOffMerges, mergeProfiles } from './merging.ts';
import { lockAllIdentities } from './profiles.ts';

/** What events come to of one person, as far as the events tell that it is one. */
export interface PersonEvents<Aggregates> {
  /** At least one. They are one person's: profiles that they lead to are merged. */
  readonly identities: readonly Identity[];
  /**
   * Made anew each time: whoever asks may change it. No property that is worked out: of a hundred thousand objects
   * each would have a form of its own, of several times its size.
   */
  readonly aggregates: () => Aggregates;
}

export interface Gathered<Aggregates> {
  readonly isNew: boolean;
  /** Given people who turned out to be this one. */
  readonly people: PersonEvents<Aggregates>[];
  readonly unknown: Identity[];
}

/** Profiles by id. */
export type Profiles<Aggregates> = readonly (readonly [string, Gathered<Aggregates>])[];

interface AllGathered<Aggregates> {
  readonly profiles: Map<string, Gathered<Aggregates>>;
  /** Those that others were merged into. */
  readonly grown: ReadonlySet<string>;
}

/** Identities whose hashes are held at once: a hash takes several times the memory of what it is of. */
const identitiesAtOnce = 5_000;
/** Who is looked up ahead before it is known whether the rest has to be. */
const peopleAtOnce = 2_000;

const keyOf = ({ field, value }: Identity): string => `${field}\0${value}`;

/** Finds whose profiles they are. What several of the given people come to, who are one, is merged. */
export async function gatherProfiles<Aggregates>(
  database: Database,
  hashKeys: HashKeys,
  people: readonly PersonEvents<Aggregates>[],
): Promise<AllGathered<Aggregates>> {
  const known = await whoIsWho(database, hashKeys, people);
  const merged = new Map<string, string>();
  const grown = new Set<string>();
  const holder = (identity: Identity): string | undefined => {
    let id = known.get(keyOf(identity));
    for (let into = id; into !== undefined; into = merged.get(into)) id = into;
    return id;
  };
  const profiles = new Map<string, Gathered<Aggregates>>();
  const take = (
    id: string,
    isNew: boolean,
    given: readonly PersonEvents<Aggregates>[],
    unknown: readonly Identity[],
  ): void => {
    const gathered = profiles.get(id);
    if (gathered === undefined) {
      profiles.set(id, { isNew, people: [...given], unknown: [...unknown] });
      return;
    }
    gathered.people.push(...given);
    gathered.unknown.push(...unknown);
  };
  for (const person of people) {
    const { identities } = person;
    const [first, ...others] = new Set(identities.map(holder).filter((id) => id !== undefined));
    for (const other of others) {
      if (first === undefined || !(await mergeProfiles(database, first, other))) continue;
      merged.set(other, first);
      grown.delete(other);
      grown.add(first);
      const gathered = profiles.get(other);
      profiles.delete(other);
      if (gathered !== undefined) take(first, false, gathered.people, gathered.unknown);
    }
    const id = first ?? randomUUID();
    const unknown = identities.filter((identity) => !known.has(keyOf(identity)));
    for (const identity of unknown) known.set(keyOf(identity), id);
    take(id, first === undefined, [person], unknown);
  }
  return { profiles, grown };
}

/** The profiles of the people's identities; they stay so until the transaction ends. */
async function whoIsWho(
  database: Database,
  hashKeys: HashKeys,
  people: readonly PersonEvents<unknown>[],
): Promise<Map<string, string>> {
  // A look ahead, without a lock, says whether others have to be kept out: by those who are known, and are
  // one already, nobody is.
  let isSettled = true;
  for (let from = 0; isSettled && from < people.length; from += peopleAtOnce) {
    const some = people.slice(from, from + peopleAtOnce);
    const known = await lookUp(database, hashKeys, some);
    isSettled = some.every(({ identities: [first, ...others] }) => {
      const id = first === undefined ? undefined : known.get(keyOf(first));
      return id !== undefined && others.every((other) => known.get(keyOf(other)) === id);
    });
  }
  if (isSettled) await holdOffMerges(database);
  else {
    // Two folds, or a fold and an import of people, make one profile of somebody who is new to both.
    await lockAllIdentities(database);
    await holdMerges(database);
  }
  return lookUp(database, hashKeys, people);
}

async function lookUp(
  database: Database,
  hashKeys: HashKeys,
  people: readonly PersonEvents<unknown>[],
): Promise<Map<string, string>> {
  const all = people.flatMap(({ identities }) => identities);
  const known = new Map<string, string>();
  for (let from = 0; from < all.length; from += identitiesAtOnce) {
    const slice = all.slice(from, from + identitiesAtOnce);
    const found = await findProfiles(database, hashKeys, slice);
    slice.forEach((identity, index) => {
      const id = found[index];
      if (id !== undefined) known.set(keyOf(identity), id);
    });
  }
  return known;
}

/** Writes the identities that were not known of these profiles. */
export async function addIdentities(
  database: Database,
  hashKeys: HashKeys,
  profiles: Profiles<unknown>,
): Promise<void> {
  let owned: Parameters<typeof addHashed>[1][number][] = [];
  for (const [profileId, { unknown }] of profiles) {
    for (const identity of unknown) owned.push({ ...hashIdentity(hashKeys, identity), profileId });
    if (owned.length < identitiesAtOnce) continue;
    await addHashed(database, owned);
    owned = [];
  }
  await addHashed(database, owned);
}
