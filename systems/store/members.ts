/**
 * What is true of members at this moment: the one read that a send makes. All that it returns is of one
 * snapshot, the change number included.
 */
import type { Database } from './database.ts';
import type { FieldValue } from './profiles.ts';

export interface MemberNow {
  readonly profileId: string;
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
  change_no: number;
  in_source: boolean | null;
  audience_ids: string[];
  values: (FieldValue | null)[];
}

/** @returns the members that the store knows, in no order; unknown ids are left out */
export async function readMembersNow(
  database: Database,
  ask: {
    readonly profileIds: readonly string[];
    readonly sourceAudienceId: string;
    readonly audienceIds: readonly string[];
    readonly fields: readonly string[];
  },
): Promise<readonly MemberNow[]> {
  const values = ask.fields.map((_, index) => `profiles.fields -> $${index + 4}::text`);
  const { rows } = await database.query<Row>(
    `select profiles.id, profiles.change_no, source.is_member as in_source,
            array(select audience_id::text from audience_members
                   where profile_id = profiles.id and audience_id = any($3::uuid[]) and is_member) as audience_ids,
            jsonb_build_array(${values.join(', ')}) as values
       from profiles
       left join audience_members as source on source.profile_id = profiles.id and source.audience_id = $2
      where profiles.id = any($1::uuid[])`,
    [ask.profileIds, ask.sourceAudienceId, ask.audienceIds, ...ask.fields],
  );
  return rows.map((row) => ({
    profileId: row.id,
    changeNo: row.change_no,
    inSource: row.in_source ?? undefined,
    audienceIds: new Set(row.audience_ids),
    fields: Object.fromEntries(
      ask.fields.flatMap((field, index) => {
        const value = row.values[index];
        return value === null || value === undefined ? [] : [[field, value]];
      }),
    ),
  }));
}

/** Those of the members that changed after the change number that was read of them. */
export async function changedSince(
  database: Database,
  read: readonly { readonly profileId: string; readonly changeNo: number }[],
): Promise<readonly string[]> {
  const { rows } = await database.query<{ id: string }>(
    `select profiles.id from profiles
       join unnest($1::uuid[], $2::bigint[]) as read (id, change_no) on profiles.id = read.id
      where profiles.change_no > read.change_no`,
    [read.map((one) => one.profileId), read.map((one) => one.changeNo)],
  );
  return rows.map((row) => row.id);
}
