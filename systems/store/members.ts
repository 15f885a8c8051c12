/**
 * What is true of members at this moment: the one read that a send makes. All that it returns is of one
 * snapshot, the change number included.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Database } from './database.ts';
import type { FieldValue } from './profiles.ts';

export interface MemberNow {
  readonly profileId: string;
  /** How many of the ids asked for led to it: its own, and those of profiles merged into it. */
  readonly asked: number;
  /** Compared when the send ends: a greater one then means that something newer has to be sent. */
  readonly changeNo: number;
  /** Undefined where the profile never was in the source audience. */
  readonly inSource: boolean | undefined;
  /** The fields that were asked for and that the profile has. */
  readonly fields: Readonly<Record<string, FieldValue>>;
  /** Those of the audiences asked for to which the profile belongs now. */
  readonly audienceIds: ReadonlySet<string>;
}

interface Row {
  id: string;
  asked: number;
  change_no: number;
  in_source: boolean | null;
  /** With a blank between them. */
  audience_ids: string | null;
  values: (FieldValue | null)[];
}

export interface MembersAsk {
  readonly profileIds: readonly string[];
  readonly sourceAudienceId: string;
  readonly audienceIds: readonly string[];
  readonly fields: readonly string[];
}

/** @returns the members that the store knows, in no order; merged ones as those they were merged into */
export async function readMembersNow(database: Database, ask: MembersAsk): Promise<readonly MemberNow[]> {
  const values = ask.fields.map((_, index) => `profiles.fields -> $${index + 4}::text`);
  const { rows } = await database.query<Row>(
    `with wanted as (
       select coalesce(profile_id, given.id) as id, count(*) as asked
         from unnest($1::uuid[]) as given (id) left join profile_aliases on alias = given.id
        group by 1
     ), memberships as (
       select id, bool_or(is_member) filter (where audience_id = $2) as in_source,
              string_agg(audience_id::text, ' ') filter (where is_member and audience_id = any($3::uuid[]))
                as audience_ids
         from wanted join audience_members on profile_id = id and audience_id = any($3::uuid[] || $2::uuid)
        group by id
     )
     select id, asked, profiles.change_no, in_source, audience_ids, jsonb_build_array(${values.join(', ')}) as values
       from wanted join profiles using (id) left join memberships using (id)`,
    [ask.profileIds, ask.sourceAudienceId, ask.audienceIds, ...ask.fields],
  );
  return rows.map((row) => ({
    profileId: row.id,
    asked: row.asked,
    changeNo: row.change_no,
    inSource: row.in_source ?? undefined,
    audienceIds: new Set(row.audience_ids?.split(' ')),
    fields: Object.fromEntries(
      ask.fields.flatMap((field, index) => {
        const value = row.values[index];
        return value === null || value === undefined ? [] : [[field, value]];
      }),
    ),
  }));
}

/**
 * Those of the members of whom something else is true now than was read of them, and those into which one of
 * them was merged. A change of what was not asked for, such as the counters that an import moves, is none.
 */
export async function changedSince(
  database: Database,
  ask: Omit<MembersAsk, 'profileIds'>,
  read: readonly MemberNow[],
): Promise<readonly string[]> {
  const { rows } = await database.query<{ id: string; isMerged: boolean }>(
    `select coalesce(profile_id, read.id) as id, profile_id is not null as "isMerged"
       from unnest($1::uuid[], $2::bigint[]) as read (id, change_no)
       left join profiles on profiles.id = read.id
       left join profile_aliases on alias = read.id
      where profiles.change_no > read.change_no or profile_id is not null`,
    [read.map((one) => one.profileId), read.map((one) => one.changeNo)],
  );
  const merged = rows.filter(({ isMerged }) => isMerged).map(({ id }) => id);
  const newer = rows.filter(({ isMerged }) => !isMerged).map(({ id }) => id);
  if (newer.length === 0) return merged;
  const before = new Map(read.map((member) => [member.profileId, member]));
  const now = await readMembersNow(database, { ...ask, profileIds: newer });
  const changed = now.filter((member) => !isSame(member, before.get(member.profileId)));
  return [...merged, ...changed.map(({ profileId }) => profileId)];
}

const isSame = (now: MemberNow, before: MemberNow | undefined): boolean =>
  before !== undefined &&
  isDeepStrictEqual(
    [now.inSource, now.audienceIds, now.fields],
    [before.inSource, before.audienceIds, before.fields],
  );
