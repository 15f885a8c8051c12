/**
 * Imports a file of people into an audience: profiles written, members entered, bad lines set aside, in
 * chunks of one transaction each. While one chunk is written, the next one is read; chunks are written in
 * the file's order, so that of two lines of one person the later one wins.
 */
import { basename } from 'node:path';
import { notValid } from '../../jobs/errors.ts';
import { changeMembership } from '../../systems/store/audiences.ts';
import type { Audience } from '../../systems/store/audiences.ts';
import { transaction } from '../../systems/store/database.ts';
import type { Pool } from '../../systems/store/database.ts';
import { findProfiles } from '../../systems/store/identities.ts';
import type { HashKeys, Identity } from '../../systems/store/identities.ts';
import { beginImport, endImport, noteSetAside } from '../../systems/store/imports.ts';
import type { SetAsideLine } from '../../systems/store/imports.ts';
import { writeProfiles } from '../../systems/store/profiles.ts';
import type { ProfileInput } from '../../systems/store/profiles.ts';
import { beginReplacement } from '../../systems/store/replacement.ts';
import { addUserFields } from '../../systems/store/user-fields.ts';
import type { PeopleFile } from './file.ts';

export interface Imported {
  /** Without the header. */
  readonly lines: number;
  /** Lines that were taken. */
  readonly people: number;
  readonly new: number;
  readonly changed: number;
  readonly unchanged: number;
  readonly entered: number;
  readonly setAside: number;
  /** Only when the file replaces the audience. */
  readonly left: number;
  /** The first of the lines that were set aside. */
  readonly firstSetAside: readonly SetAsideLine[];
}

export interface ImportOptions {
  readonly path: string;
  /** Those who are not in the file leave the audience. */
  readonly replace: boolean;
  /** Told of each bad line. */
  readonly onSetAside?: (line: SetAsideLine) => void;
  /** Told the bytes that were read. */
  readonly onProgress?: (bytes: number) => void;
}

interface Chunk {
  people: ProfileInput[];
  bad: SetAsideLine[];
  /** Of the bad lines, as far as they could be read. */
  badIdentities: Identity[];
}

const emptyChunk = (): Chunk => ({ people: [], bad: [], badIdentities: [] });

const linesAtOnce = 1_000;
const shown = 10;

/** @throws ExpectedError INPUT_NOT_VALID when the audience is to be replaced and no line could be taken */
export async function importPeople(
  store: Pool,
  hashKeys: HashKeys,
  audience: Audience,
  file: PeopleFile,
  options: ImportOptions,
): Promise<Imported> {
  const importId = await beginImport(store, audience.id, basename(options.path));
  const replacement = options.replace ? await beginReplacement(store, audience.id) : undefined;
  const totals = { lines: 0, people: 0, new: 0, changed: 0, unchanged: 0, entered: 0, setAside: 0, left: 0 };
  const firstSetAside: SetAsideLine[] = [];
  let knownFields = 0;

  const write = async ({ people, bad, badIdentities }: Chunk): Promise<void> => {
    if (file.fields.size > knownFields) await addUserFields(store, file.fields);
    knownFields = file.fields.size;
    const done = await transaction(store, async (database) => {
      await noteSetAside(database, importId, bad);
      if (people.length === 0)
        return { outcomes: new Map<string, 'new' | 'changed' | 'unchanged'>(), entered: 0 };
      const written = await writeProfiles(database, hashKeys, people);
      const outcomes = new Map(written.map(({ profileId, outcome }) => [profileId, outcome]));
      return {
        outcomes,
        entered: (await changeMembership(database, audience.id, [...outcomes.keys()], 'enter')).length,
      };
    });
    if (replacement !== undefined) {
      // Someone whose line is set aside for another field is in the file all the same.
      const others = await findProfiles(store, hashKeys, badIdentities);
      await replacement.stay([...done.outcomes.keys(), ...others.filter((id) => id !== undefined)]);
    }
    for (const outcome of done.outcomes.values()) totals[outcome] += 1;
    totals.entered += done.entered;
    options.onProgress?.(file.bytesRead());
  };

  try {
    let chunk = emptyChunk();
    let writing = Promise.resolve();
    for await (const { line, person } of file.lines) {
      totals.lines += 1;
      if ('profile' in person) {
        chunk.people.push(person.profile);
        totals.people += 1;
      } else {
        const bad = { line, reason: person.reason };
        chunk.bad.push(bad);
        chunk.badIdentities.push(...(person.identities ?? []));
        totals.setAside += 1;
        if (firstSetAside.length < shown) firstSetAside.push(bad);
        options.onSetAside?.(bad);
      }
      if (chunk.people.length + chunk.bad.length < linesAtOnce) continue;
      await writing;
      writing = write(chunk);
      // Its failure is thrown at the next await; a reader that throws first is not to leave it unhandled.
      writing.catch(() => undefined);
      chunk = emptyChunk();
    }
    await writing;
    await write(chunk);
    if (replacement !== undefined && totals.people === 0)
      throw notValid(options.path, 'no line of it could be taken, so nobody leaves the audience');
    if (replacement !== undefined) totals.left = await replacement.letOthersLeave();
  } finally {
    replacement?.close();
  }
  await endImport(store, importId, { lines: totals.lines, taken: totals.people, setAside: totals.setAside });
  return { ...totals, firstSetAside };
}
