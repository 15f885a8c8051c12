/**
 * Folding: what a file's events come to is merged into profiles, with the folding watermark, in one
 * transaction. Whose events they are is known by identities; people who are new become profiles.
 */
import { setImmediate as otherEvents } from 'node:timers/promises';
import { copyInto, copyPieces } from './copy.ts';
import type { Database } from './database.ts';
import { attemptIsStale } from './event-files.ts';
import type { Attempt } from './event-files.ts';
import { followProfiles } from './following.ts';
import type { ProfilesChanged } from './following.ts';
import type { HashKeys } from './identities.ts';
import { openProfilePack, profileColumns } from './profile-pack.ts';
import type { ProfilePack, ProfileRow } from './profile-pack.ts';
import type { FieldValue } from './profiles.ts';
import { addIdentities, gatherProfiles } from './whose-events.ts';
import type { Gathered, PersonEvents, Profiles } from './whose-events.ts';

/** How a mapping's aggregates are merged, kept and shown. Merging is associative. */
export interface Merging<Aggregates> {
  /** `into` may be changed; `other` is not, but may become part of it. */
  merge(into: Aggregates, other: Aggregates): Aggregates;
  write(aggregates: Aggregates): string;
  /** What `write` gives, and what `fieldsOf` gives as JSON, which belong together and cost less so. */
  texts(aggregates: Aggregates, riidAtMs?: number): { readonly aggregates: string; readonly fields: string };
  /** @throws Error when the text is not one that `write` made */
  read(text: string): Aggregates;
  /** @param riidAtMs when Responsys answered the RIID that the profile shows: an older one is not given */
  fieldsOf(aggregates: Aggregates, riidAtMs?: number): Readonly<Record<string, FieldValue>>;
}

/** Moves the folding watermark. @throws ExpectedError NOT_NOW when another attempt has taken the file over */
export async function moveFolding(
  database: Database,
  { fileId, attempt }: Pick<Attempt, 'fileId' | 'attempt'>,
  move: { readonly from: number; readonly to: number; readonly nobodysRows: number },
): Promise<void> {
  const { rowCount } = await database.query(
    `update event_files set folded_to = $4, nobodys_rows = nobodys_rows + $5
      where id = $1 and attempt = $2 and folded_to = $3 and read_to >= $4 and state = 'reading'`,
    [fileId, attempt, move.from, move.to, move.nobodysRows],
  );
  if (rowCount !== 1) throw attemptIsStale();
}

/** Profiles that are locked, read and written at once: what a fold holds in memory, twice. */
const profilesAtOnce = 1_000;
/** Of what is written at once. People of hundreds of events are fewer at once. */
const bytesAtOnce = 6 * 1024 * 1024;
/** Merges what events come to into the people's profiles. */
export async function foldPeople<Aggregates>(
  database: Database,
  hashKeys: HashKeys,
  merging: Merging<Aggregates>,
  people: readonly PersonEvents<Aggregates>[],
  nowMs = Date.now(),
): Promise<void> {
  if (people.length === 0) return;
  const { profiles, grown } = await gatherProfiles(database, hashKeys, people);
  // Slice by slice: while the store writes one, and evaluates its rules, the next is worked out.
  const follow = (changed: ProfilesChanged): Promise<void> => followProfiles(database, [changed], nowMs);
  const sorted = [...profiles].sort(byId);
  await writeInSlices(
    sorted.filter(([, one]) => !one.isNew),
    (slice) => readProfiles(database, slice),
    (read, slice) => mergedRows(merging, read, new Map(slice)),
    async (rows, slice) => {
      await addIdentities(database, hashKeys, slice);
      await follow(await updateProfiles(database, rows, idsOf(slice)));
    },
  );
  await writeInSlices(
    sorted.filter(([, one]) => one.isNew),
    () => Promise.resolve(undefined),
    (_, slice) => newRows(merging, slice),
    async (rows, slice) => {
      await copyPieces(database, `profiles (${profileColumns})`, rows.pieces(), 'binary');
      await addIdentities(database, hashKeys, slice);
      await follow({ profileIds: idsOf(slice), what: 'all' });
    },
  );
  await follow({ profileIds: [...grown], what: 'all' });
}

/**
 * What events come to of people, by profile, beside the profiles: these stay as they are. People who are new
 * become profiles without fields, profiles of one person are merged.
 * @param write told of each profile with what its events come to
 */
export async function foldBeside<Aggregates>(
  database: Database,
  hashKeys: HashKeys,
  merging: Merging<Aggregates>,
  people: readonly PersonEvents<Aggregates>[],
  write: (parts: Iterable<readonly [profileId: string, aggregates: string]>) => Promise<void>,
): Promise<void> {
  if (people.length === 0) return;
  const { profiles, grown } = await gatherProfiles(database, hashKeys, people);
  const made = [...profiles].filter(([, one]) => one.isNew);
  await copyInto(
    database,
    'profiles (id)',
    made.map(([id]) => [id]),
  );
  await addIdentities(database, hashKeys, [...profiles]);
  await write([...profiles].map(([id, one]) => [id, merging.write(aggregatesOf(merging, one))] as const));
  await followProfiles(database, [{ profileIds: [...idsOf(made), ...grown], what: 'all' }]);
}

function aggregatesOf<Aggregates>(
  merging: Merging<Aggregates>,
  { people }: Gathered<Aggregates>,
): Aggregates {
  return people.map((one) => one.aggregates()).reduce((into, other) => merging.merge(into, other));
}

const idsOf = (profiles: readonly (readonly [string, unknown])[]): readonly string[] =>
  profiles.map(([id]) => id);
const byId = ([one]: readonly [string, unknown], [other]: readonly [string, unknown]): number =>
  one < other ? -1 : 1;

/** While the store writes a slice, the next is worked out. Of one connection, one thing is asked at a time. */
async function writeInSlices<Aggregates, Read>(
  profiles: Profiles<Aggregates>,
  read: (slice: Profiles<Aggregates>) => Promise<Read>,
  workOut: (read: Read, slice: Profiles<Aggregates>) => Iterable<ProfileRow>,
  write: (rows: ProfilePack, slice: Profiles<Aggregates>) => Promise<void>,
): Promise<void> {
  let [filling, waiting] = [openProfilePack(), openProfilePack()];
  let writeLast = (): Promise<void> => Promise.resolve();
  let atOnce = profilesAtOnce;
  for (let from = 0; from < profiles.length;) {
    const slice = profiles.slice(from, from + atOnce);
    from += slice.length;
    const found = await read(slice);
    const writing = writeLast();
    // Awaited below; a failure until then is no unhandled rejection.
    writing.catch(() => undefined);
    filling.empty();
    try {
      await pack(filling, workOut(found, slice));
    } finally {
      await writing;
    }
    const rows = filling;
    [filling, waiting] = [waiting, filling];
    writeLast = () => write(rows, slice);
    atOnce = Math.max(1, Math.min(profilesAtOnce, Math.floor((slice.length * bytesAtOnce) / rows.bytes)));
  }
  await writeLast();
}

/** After so much of what is worked out, what the store has answered has its turn, so that it never waits for long. */
const turnBytes = 16 * 1024;

async function pack(into: ProfilePack, rows: Iterable<ProfileRow>): Promise<void> {
  let nextTurn = turnBytes;
  for (const row of rows) {
    into.add(row);
    if (into.bytes < nextTurn) continue;
    nextTurn = into.bytes + turnBytes;
    await otherEvents();
  }
}

interface ReadProfile {
  readonly id: string;
  readonly first: string | null;
  readonly others: readonly string[] | null;
  readonly riidAt: Date | null;
}

async function readProfiles(
  database: Database,
  profiles: readonly (readonly [string, unknown])[],
): Promise<readonly ReadProfile[]> {
  // Nearly all have one, and to read an array of texts takes longer than all that is done with it.
  const { rows } = await database.query<ReadProfile>(
    `select id, aggregates[1] as first, aggregates[2:] as others, riid_at as "riidAt" from profiles
      where id = any($1::uuid[]) order by id for update`,
    [idsOf(profiles)],
  );
  return rows;
}

function* mergedRows<Aggregates>(
  merging: Merging<Aggregates>,
  read: readonly ReadProfile[],
  profiles: ReadonlyMap<string, Gathered<Aggregates>>,
): Generator<ProfileRow> {
  for (const { id, first, others, riidAt } of read) {
    const gathered = profiles.get(id);
    if (gathered === undefined) throw new Error('A profile was read that nobody asked for.');
    const merged = [...(first === null ? [] : [first]), ...(others ?? [])]
      .map((text) => merging.read(text))
      .reduceRight((later, earlier) => merging.merge(earlier, later), aggregatesOf(merging, gathered));
    yield { id, ...merging.texts(merged, riidAt?.getTime()) };
  }
}

function* newRows<Aggregates>(
  merging: Merging<Aggregates>,
  profiles: Profiles<Aggregates>,
): Generator<ProfileRow> {
  for (const [id, gathered] of profiles) yield { id, ...merging.texts(aggregatesOf(merging, gathered)) };
}

async function updateProfiles(
  database: Database,
  rows: ProfilePack,
  ids: readonly string[],
): Promise<ProfilesChanged> {
  await database.query(
    `create temp table if not exists folded (id uuid, fields jsonb, aggregates text[])
       with (toast_tuple_target = 8160) on commit drop`,
  );
  await copyPieces(database, `folded (${profileColumns})`, rows.pieces(), 'binary');
  // OFFSET keeps PostgreSQL from unpacking fields at every mention.
  const changed = await database.query<{ ids: string | null; fields: string[] }>(
    `with known as (
       select id, fields || '{}' as fields from profiles where id = any($1::uuid[]) offset 0
     ), before as (
       -- An address is the same in any letter case: it stays as it was written, and is no change.
       select id, known.fields, news.aggregates,
              case when lower(known.fields ->> 'email') = lower(news.fields ->> 'email')
                   then news.fields - 'email' else news.fields end as news
         from known join folded as news using (id) offset 0
     ), changed as materialized (
       select id, news, aggregates, array(select key from jsonb_each(news)
                                           where before.fields -> key is distinct from value) as names from before
     ), written as (
       update profiles
          set fields = profiles.fields || news, aggregates = changed.aggregates,
              change_no = change_no + (names <> '{}')::int, updated_at = now()
         from changed where profiles.id = changed.id and profiles.id = any($1::uuid[])
       returning profiles.id, names
     ), logged as (
       insert into changes (profile_id, change, fields) select id, 'fields', names from written where names <> '{}'
       returning profile_id, fields
     )
     select string_agg(profile_id::text, ' ') as ids,
            array(select distinct unnest(fields) from logged) as fields from logged`,
    [ids],
  );
  await database.query('truncate folded');
  const [{ ids: logged, fields } = { ids: null, fields: [] }] = changed.rows;
  return { profileIds: logged?.split(' ') ?? [], what: { fields } };
}
