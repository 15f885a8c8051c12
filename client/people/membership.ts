/**
 * Lets people enter or leave an audience by their identifiers, named one by one or in a file. Someone
 * unknown who enters becomes a profile; someone unknown who leaves is only counted.
 */
import { changeMembership } from '../../systems/store/audiences.ts';
import type { Audience } from '../../systems/store/audiences.ts';
import { transaction } from '../../systems/store/database.ts';
import type { Database, Pool } from '../../systems/store/database.ts';
import { findProfiles } from '../../systems/store/identities.ts';
import type { HashKeys } from '../../systems/store/identities.ts';
import type { SetAsideLine } from '../../systems/store/imports.ts';
import { writeProfiles } from '../../systems/store/profiles.ts';
import type { ProfileInput } from '../../systems/store/profiles.ts';
import { addUserFields } from '../../systems/store/user-fields.ts';
import type { LineOfFile } from './file.ts';

export interface MembershipChange {
  readonly changed: number;
  /** Who was there already, or gone already. */
  readonly alike: number;
  readonly unknown: number;
  readonly setAside: number;
  readonly firstSetAside: readonly SetAsideLine[];
}

const peopleAtOnce = 500;
const shown = 10;

export async function changePeople(
  store: Pool,
  hashKeys: HashKeys,
  audience: Audience,
  change: 'enter' | 'exit',
  people: AsyncIterable<LineOfFile> | Iterable<LineOfFile>,
): Promise<MembershipChange> {
  const done = { changed: 0, alike: 0, unknown: 0, setAside: 0 };
  const firstSetAside: SetAsideLine[] = [];
  let chunk: ProfileInput[] = [];
  const write = async (): Promise<void> => {
    const { found, moved, unknown } = await transaction(store, async (database) => {
      const ids = await (change === 'enter' ? writeIdentities : findAny)(database, hashKeys, chunk);
      const changed = await changeMembership(database, audience.id, ids, change);
      return { found: new Set(ids).size, moved: changed.length, unknown: chunk.length - ids.length };
    });
    done.changed += moved;
    done.alike += found - moved;
    done.unknown += unknown;
    chunk = [];
  };
  for await (const { line, person } of people) {
    if ('reason' in person) {
      done.setAside += 1;
      if (firstSetAside.length < shown) firstSetAside.push({ line, reason: person.reason });
    } else chunk.push(person.profile);
    if (chunk.length >= peopleAtOnce) await write();
  }
  await write();
  return { ...done, firstSetAside };
}

/** Only the identifiers: a file of those who enter is no import of their fields. */
async function writeIdentities(
  database: Database,
  hashKeys: HashKeys,
  people: readonly ProfileInput[],
): Promise<readonly string[]> {
  if (people.length === 0) return [];
  const inputs = people.map(({ identities }) => ({
    identities,
    fields: Object.fromEntries(identities.map(({ field, value }) => [field, value])),
  }));
  const named = new Set(inputs.flatMap(({ fields }) => Object.keys(fields)));
  await addUserFields(database, new Map([...named].map((field) => [field, 'string'])));
  return (await writeProfiles(database, hashKeys, inputs)).map(({ profileId }) => profileId);
}

/** The profile of each person's first identifier that is known; nothing for those who are unknown. */
async function findAny(
  database: Database,
  hashKeys: HashKeys,
  people: readonly ProfileInput[],
): Promise<readonly string[]> {
  const found = await findProfiles(
    database,
    hashKeys,
    people.flatMap(({ identities }) => identities),
  );
  let at = 0;
  return people.flatMap(({ identities }) => {
    const own = found.slice(at, (at += identities.length)).find((id) => id !== undefined);
    return own === undefined ? [] : [own];
  });
}
