/**
 * The one place where memberships change, whatever the cause: by hand, by a file, by a rule. Each change is
 * written to the change log in the same statement, those of a profile in one line, and counted on the profile.
 * Each enter begins a stay with an id of its own, which the exit leaves in place.
 */
import type { Database } from './database.ts';

export interface MembershipChange {
  readonly audienceId: string;
  readonly profileId: string;
  readonly change: 'enter' | 'exit';
}

/**
 * What a statement with the changes `asked` (audience_id, profile_id, change, was) has behind it, to make them. `was`
 * is whether the profile is in the audience by now, null where it never was: who is there already, or gone already,
 * is left alone, and nothing is logged for them. Those that changed something are `moved`.
 *
 * Profiles and audiences are there, since no foreign key says so; the profiles are locked, or made by the
 * transaction, and none is asked for twice for an audience. So `was` stays true, and nothing is in the way of a row
 * that is new: to let PostgreSQL look for a conflict once more takes a fifth of what the row costs.
 */
export const writingMemberships = `
  entered as (
    insert into audience_members (audience_id, profile_id, is_member)
    select audience_id, profile_id, true from asked
     where change = 'enter' and was is null order by audience_id, profile_id
    returning audience_id, profile_id
  ), turned as (
    update audience_members as members
       set is_member = change = 'enter', changed_at = now(),
           stay_id = case change when 'enter' then gen_random_uuid() else stay_id end
      from asked
     where members.audience_id = asked.audience_id and members.profile_id = asked.profile_id
       and was = (change = 'exit')
    returning members.audience_id, members.profile_id, change
  ), moved as (
    select audience_id, profile_id, 'enter' as change from entered union all select * from turned
  ), counted as (
    -- What this transaction has written already has a number that nobody has read yet.
    update profiles set change_no = change_no + 1
     where id in (select profile_id from moved) and xmin <> pg_current_xact_id()::xid
  ), logged as (
    insert into changes (audience_ids, profile_id, change)
    select array_agg(audience_id), profile_id, change from moved group by profile_id, change
  )`;

/** @returns those that changed something */
export async function writeMemberships(
  database: Database,
  changes: readonly MembershipChange[],
): Promise<readonly MembershipChange[]> {
  if (changes.length === 0) return [];
  const { rows } = await database.query<MembershipChange>(
    `with asked as (
       select audience_id, profile_id, change, is_member as was
         from unnest($1::uuid[], $2::uuid[], $3::text[]) as asked (audience_id, profile_id, change)
         left join audience_members using (audience_id, profile_id)
     ), ${writingMemberships}
     select audience_id as "audienceId", profile_id as "profileId", change from moved`,
    [
      changes.map(({ audienceId }) => audienceId),
      changes.map(({ profileId }) => profileId),
      changes.map(({ change }) => change),
    ],
  );
  return rows;
}
