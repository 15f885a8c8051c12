/**
 * The last part of a rebuild: what was gathered beside the profiles takes the place of what they held. Of a
 * profile's fields only those change that the stream now makes otherwise: what others have written since
 * stays, and what a mapping no longer makes goes, unless others have told it as well.
 */
import { copyInto } from './copy.ts';
import type { Database, Pool } from './database.ts';
import { transaction } from './database.ts';
import type { Merging } from './event-profiles.ts';
import { followProfiles } from './following.ts';
import type { ProfilesChanged } from './following.ts';
import { identityFields } from './identities.ts';
import { holdOffMerges } from './merging.ts';
import type { FieldValue } from './profiles.ts';
import { holdRebuild } from './rebuilds.ts';
import type { RebuildAttempt } from './rebuilds.ts';

/** A mapping as a rebuild needs it. */
export interface RebuildMapping<Aggregates> extends Merging<Aggregates> {
  /** The fields that an aggregate has gathered something for, those of other mappings included. */
  namesIn(text: string): readonly string[];
}

/** Writes what a chunk of the stream came to. */
export async function addParts(
  database: Database,
  rebuildId: number,
  mapping: number,
  parts: Iterable<readonly [profileId: string, aggregates: string]>,
): Promise<void> {
  await copyInto(
    database,
    'rebuild_parts (rebuild_id, profile_id, mapping, aggregates)',
    Iterator.from(parts).map(([profileId, aggregates]) => [rebuildId, profileId, mapping, aggregates]),
  );
}

const profilesAtOnce = 1_000;

/**
 * Builds the next profiles, in the order of their ids.
 * @returns false when there are no more
 */
export async function buildNext<Aggregates>(
  pool: Pool,
  attempt: RebuildAttempt,
  mappings: readonly RebuildMapping<Aggregates>[],
  nowMs = Date.now(),
): Promise<boolean> {
  return transaction(pool, async (database) => {
    await holdRebuild(database, attempt, 'building');
    await holdOffMerges(database);
    const { rows: next } = await database.query<{ id: string }>(
      `select distinct profile_id as id from rebuild_parts, rebuilds
        where rebuild_id = $1 and rebuilds.id = rebuild_id and ($2 or aggregates is null)
          and (built_to is null or profile_id > built_to)
        order by profile_id limit ${profilesAtOnce}`,
      [attempt.id, attempt.filePath === null],
    );
    const last = next.at(-1);
    if (last === undefined) return false;
    const profiles = await readWithParts(
      database,
      attempt.id,
      next.map(({ id }) => id),
    );
    const built = profiles.map((profile) => build(profile, mappings));
    const { changed, ...news } = await writeBuilt(database, built);
    await followProfiles(database, [news], nowMs);
    await database.query(
      'update rebuilds set built_to = $2, built = built + $3, changed = changed + $4 where id = $1',
      [attempt.id, last.id, built.length, changed],
    );
    return true;
  });
}

interface Part {
  readonly mapping: number;
  readonly aggregates: string;
}
interface ProfileWithParts {
  readonly id: string;
  readonly fields: Readonly<Record<string, FieldValue>>;
  readonly told: readonly string[];
  readonly before: readonly string[] | null;
  readonly riidAt: Date | null;
  readonly parts: readonly Part[];
}

/** Those that were merged meanwhile have the parts of all that they were. */
async function readWithParts(
  database: Database,
  rebuildId: number,
  ids: readonly string[],
): Promise<readonly ProfileWithParts[]> {
  const { rows } = await database.query<ProfileWithParts>(
    `with wanted as (
       select distinct coalesce(profile_id, given.id) as id
         from unnest($2::uuid[]) as given (id) left join profile_aliases on alias = given.id
     ), parts as (
       select wanted.id, json_agg(json_build_object('mapping', mapping, 'aggregates', rebuild_parts.aggregates)) as parts
         from wanted join lateral (select wanted.id as one union all
                                   select alias from profile_aliases where profile_id = wanted.id) as own on true
         join rebuild_parts on rebuild_id = $1 and rebuild_parts.profile_id = own.one
        where rebuild_parts.aggregates is not null group by wanted.id
     )
     select profiles.id, fields, told, aggregates as before, riid_at as "riidAt", coalesce(parts, '[]'::json) as parts
       from profiles join wanted on wanted.id = profiles.id left join parts on parts.id = profiles.id
      order by profiles.id for update of profiles`,
    [rebuildId, ids],
  );
  return rows;
}

interface Built {
  readonly id: string;
  /** Null where nothing of the stream is about the person any more. */
  readonly aggregates: string | null;
  readonly news: Readonly<Record<string, FieldValue>>;
  readonly gone: readonly string[];
}

function build<Aggregates>(
  { id, fields, told, before, riidAt, parts }: ProfileWithParts,
  mappings: readonly RebuildMapping<Aggregates>[],
): Built {
  const of = new Set(parts.map(({ mapping }) => mapping));
  // Of people in the streams of several mappings, the rebuilt job's shows its fields, and keeps the others'.
  const mapping = mappings[of.size === 1 ? Math.max(...of) : 0] ?? mappings[0];
  if (mapping === undefined) throw new Error('A rebuild has no mapping.');
  const merged = (texts: readonly string[]): Aggregates | undefined =>
    texts
      .map((text) => mapping.read(text))
      .reduce<Aggregates | undefined>(
        (into, one) => (into === undefined ? one : mapping.merge(into, one)),
        undefined,
      );
  const shown = (aggregates: Aggregates | undefined): Readonly<Record<string, FieldValue>> =>
    aggregates === undefined ? {} : mapping.fieldsOf(aggregates, riidAt?.getTime());
  const after = merged(parts.map(({ aggregates }) => aggregates));
  const text = after === undefined ? null : mapping.write(after);
  // What others have told since the last events stays, unless the stream now makes it otherwise.
  const known = shown(merged(before ?? []));
  const stays = (name: string, value: FieldValue): boolean =>
    told.includes(name) &&
    JSON.stringify(known[name]) === JSON.stringify(value) &&
    formOf(fields[name]) === formOf(value);
  const news = Object.entries(shown(after)).filter(([name, value]) => !stays(name, value));
  const kept = new Set([...(text === null ? [] : mapping.namesIn(text)), ...told, ...identityFields]);
  const gone = (before ?? []).flatMap((one) => mapping.namesIn(one)).filter((name) => !kept.has(name));
  return { id, aggregates: text, news: Object.fromEntries(news), gone: [...new Set(gone)] };
}

const formOf = (value: FieldValue | undefined): string => (Array.isArray(value) ? 'list' : typeof value);

/** @returns also how many profiles have other fields than before */
async function writeBuilt(
  database: Database,
  built: readonly Built[],
): Promise<ProfilesChanged & { readonly changed: number }> {
  await database.query(
    'create temp table built (id uuid, aggregates text, news text, gone text) on commit drop',
  );
  await copyInto(
    database,
    'built (id, aggregates, news, gone)',
    built.map(({ id, aggregates, news, gone }) => [
      id,
      aggregates,
      JSON.stringify(news),
      JSON.stringify(gone),
    ]),
  );
  const { rows } = await database.query<{ profile_id: string; fields: string[] }>(
    `with before as (
       select profiles.id, built.aggregates, profiles.fields, news::jsonb as news,
              array(select jsonb_array_elements_text(gone::jsonb)) as gone
         from profiles join built using (id)
     ), changed as (
       select id, aggregates, (fields - gone) || news as fields,
              array(select key from jsonb_each(news) where before.fields -> key is distinct from value
                    union all select name from unnest(gone) as name where before.fields ? name) as names
         from before
     ), written as (
       update profiles
          set fields = changed.fields,
              aggregates = case when changed.aggregates is null then null else array[changed.aggregates] end,
              change_no = change_no + (names <> '{}')::int,
              updated_at = case when names <> '{}' then now() else updated_at end
         from changed
        where profiles.id = changed.id
          and (names <> '{}' or profiles.aggregates is distinct from
               case when changed.aggregates is null then null else array[changed.aggregates] end)
       returning profiles.id, names
     )
     insert into changes (profile_id, change, fields) select id, 'fields', names from written where names <> '{}'
     returning profile_id, fields`,
  );
  return {
    changed: rows.length,
    profileIds: rows.map(({ profile_id: id }) => id),
    what: { fields: [...new Set(rows.flatMap(({ fields }) => fields))] },
  };
}
