/**
 * Imports a file of people into an audience: profiles written, members entered, bad lines set aside, in
 * chunks of one transaction each.
 */
import { addUserFields, readUserFields } from '../../systems/store/user-fields.ts';
import { changeMembership } from '../../systems/store/audiences.ts';
import type { Audience } from '../../systems/store/audiences.ts';
import { transaction } from '../../systems/store/database.ts';
import type { Database, Pool } from '../../systems/store/database.ts';
import type { HashKeys } from '../../systems/store/identities.ts';
import { writeProfiles } from '../../systems/store/profiles.ts';
import type { ProfileInput } from '../../systems/store/profiles.ts';
import { openPeopleFile } from './file.ts';

export interface Imported {
  readonly lines: number;
  readonly people: number;
  readonly entered: number;
  readonly setAside: number;
  /** Only when the file replaces the audience. */
  readonly left: number;
  /** The first of the lines that were set aside. */
  readonly firstSetAside: readonly { readonly line: number; readonly reason: string }[];
}

const peopleAtOnce = 1_000;
const shown = 10;

/**
 * @param onSetAside told of each bad line
 * @param onProgress told the bytes that were read, and all of them
 */
export async function importPeople(
  store: Pool,
  hashKeys: HashKeys,
  audience: Audience,
  path: string,
  options: {
    readonly delimiter: string;
    readonly replace: boolean;
    readonly onSetAside?: (line: number, reason: string) => void;
    readonly onProgress?: (bytes: number, of: number) => void;
  },
): Promise<Imported> {
  const file = await openPeopleFile(path, options.delimiter, await readUserFields(store));
  const { rows } = await store.query<{ id: string; at: Date }>(
    `insert into audience_imports (audience_id, file_name) values ($1, $2)
     returning id, date_trunc('milliseconds', clock_timestamp()) as at`,
    [audience.id, path.split('/').at(-1)],
  );
  const importId = rows[0]?.id ?? '';
  const members = new Set<string>();
  const totals = { lines: 0, people: 0, entered: 0, setAside: 0, left: 0 };
  const firstSetAside: { line: number; reason: string }[] = [];
  let people: ProfileInput[] = [];
  let bad: { line: number; reason: string }[] = [];

  const writeChunk = async (): Promise<void> => {
    await addUserFields(store, file.fields);
    const entered = await transaction(store, async (database) => {
      await noteSetAside(database, importId, bad);
      if (people.length === 0) return 0;
      const written = await writeProfiles(database, hashKeys, people);
      const ids = written.map(({ profileId }) => profileId);
      if (options.replace) for (const id of ids) members.add(id);
      return (await changeMembership(database, audience.id, ids, 'enter')).length;
    });
    totals.entered += entered;
    people = [];
    bad = [];
    options.onProgress?.(file.bytesRead(), file.bytes);
  };

  for await (const { line, person } of file.lines) {
    totals.lines += 1;
    if ('profile' in person) {
      people.push(person.profile);
      totals.people += 1;
    } else {
      bad.push({ line, reason: person.reason });
      totals.setAside += 1;
      if (firstSetAside.length < shown) firstSetAside.push({ line, reason: person.reason });
      options.onSetAside?.(line, person.reason);
    }
    if (people.length + bad.length >= peopleAtOnce) await writeChunk();
  }
  await writeChunk();
  if (options.replace) totals.left = await letOthersLeave(store, audience, members);
  await store.query(
    'update audience_imports set lines = $2, taken = $3, set_aside = $4, ended_at = now() where id = $1',
    [importId, totals.lines, totals.people, totals.setAside],
  );
  return { ...totals, firstSetAside };
}

async function noteSetAside(
  database: Database,
  importId: string,
  bad: readonly { readonly line: number; readonly reason: string }[],
): Promise<void> {
  await database.query(
    `insert into set_aside_lines (import_id, line, reason) select $1, * from unnest($2::bigint[], $3::text[])
     on conflict do nothing`,
    [importId, bad.map(({ line }) => line), bad.map(({ reason }) => reason)],
  );
}

/** Those who were not in the file leave, in chunks. */
async function letOthersLeave(store: Pool, audience: Audience, stay: ReadonlySet<string>): Promise<number> {
  let left = 0;
  for (let after: string | null = null; ;) {
    const page: { rows: { profile_id: string }[] } = await store.query(
      `select profile_id from audience_members where audience_id = $1 and is_member
          and ($2::uuid is null or profile_id > $2) order by profile_id limit $3`,
      [audience.id, after, peopleAtOnce],
    );
    const last = page.rows.at(-1);
    if (last === undefined) return left;
    after = last.profile_id;
    const gone = page.rows.map((row) => row.profile_id).filter((id) => !stay.has(id));
    left += (await transaction(store, (database) => changeMembership(database, audience.id, gone, 'exit')))
      .length;
  }
}
