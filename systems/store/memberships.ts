/**
 * The one place where memberships change, whatever the cause: by hand, by a file, by a rule. Each change is
 * written to the change log in the same transaction, those of a profile in one line, and counted on the profile.
 * Each enter begins a stay with an id of its own, which the exit leaves in place.
 */
import { changeColumns, changeRows } from './change-rows.ts';
import type { ChangeRow } from './change-rows.ts';
import { copyPieces } from './copy.ts';
import type { Database } from './database.ts';
import { membershipColumns, membershipRows } from './membership-rows.ts';

/** What becomes of a profile's memberships. */
export interface Moves {
  readonly profileId: string;
  /** Audiences that it enters, and never was in. */
  readonly first: readonly string[];
  /** Audiences that it enters, and left. */
  readonly again: readonly string[];
  /** Audiences that it leaves. */
  readonly exit: readonly string[];
}

/**
 * Writes what becomes of memberships. Profiles and audiences are there, since no foreign key says so; the profiles
 * are locked, or made by the transaction, and each is given once. So what was read of their memberships is true, and
 * nothing is in the way of a row that is new: to let PostgreSQL look for a conflict once more takes a fifth of what
 * the row costs.
 */
export async function writeMoves(database: Database, moves: readonly Moves[]): Promise<void> {
  const lines = moves.flatMap(({ profileId, first, again, exit }): ChangeRow[] =>
    [
      { audienceIds: [...first, ...again], profileId, change: 'enter' as const },
      { audienceIds: exit, profileId, change: 'exit' as const },
    ].filter(({ audienceIds }) => audienceIds.length > 0),
  );
  if (lines.length === 0) return;
  await turnMembers(database, moves);
  await addMembers(database, moves);
  await copyPieces(database, `changes (${changeColumns})`, [changeRows(lines)], 'binary');
  // What this transaction has written already has a number that nobody has read yet.
  await database.query(
    `update profiles set change_no = change_no + 1
      where id = any($1::uuid[]) and xmin <> pg_current_xact_id()::xid`,
    [moves.map(({ profileId }) => profileId)],
  );
}

async function turnMembers(database: Database, moves: readonly Moves[]): Promise<void> {
  const turns = moves.flatMap(({ profileId, again, exit }) => [
    ...again.map((audienceId) => ({ audienceId, profileId, isMember: true })),
    ...exit.map((audienceId) => ({ audienceId, profileId, isMember: false })),
  ]);
  if (turns.length === 0) return;
  await database.query(
    `update audience_members as members
        set is_member = turn.is_member, changed_at = now(),
            stay_id = case when turn.is_member then gen_random_uuid() else stay_id end
       from unnest($1::uuid[], $2::uuid[], $3::boolean[]) as turn (audience_id, profile_id, is_member)
      where members.audience_id = turn.audience_id and members.profile_id = turn.profile_id`,
    [
      turns.map(({ audienceId }) => audienceId),
      turns.map(({ profileId }) => profileId),
      turns.map(({ isMember }) => isMember),
    ],
  );
}

async function addMembers(database: Database, moves: readonly Moves[]): Promise<void> {
  const entering = moves.flatMap(({ profileId, first }) =>
    first.map((audienceId) => ({ audienceId, profileId })),
  );
  if (entering.length === 0) return;
  // Those of one audience stand together, as its index has them.
  const grouped = [...Map.groupBy(entering, ({ audienceId }) => audienceId).values()].flat();
  await copyPieces(database, `audience_members (${membershipColumns})`, membershipRows(grouped), 'binary');
}

/**
 * Lets locked profiles enter or leave an audience. Who is there already, or gone already, is left alone, and nothing
 * is logged for them.
 * @param profileIds none of them twice
 * @returns those whose membership changed
 */
export async function moveProfiles(
  database: Database,
  audienceId: string,
  profileIds: readonly string[],
  change: 'enter' | 'exit',
): Promise<readonly string[]> {
  const { rows } = await database.query<{ profileId: string; isFirst: boolean }>(
    `select given.id as "profileId", is_member is null as "isFirst"
       from unnest($2::uuid[]) as given (id)
       left join audience_members on audience_id = $1 and profile_id = given.id
      where case $3 when 'enter' then is_member is not true else is_member end`,
    [audienceId, profileIds, change],
  );
  await writeMoves(
    database,
    rows.map(({ profileId, isFirst }) => ({
      profileId,
      first: change === 'enter' && isFirst ? [audienceId] : [],
      again: change === 'enter' && !isFirst ? [audienceId] : [],
      exit: change === 'exit' ? [audienceId] : [],
    })),
  );
  return rows.map(({ profileId }) => profileId);
}
