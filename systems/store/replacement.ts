/**
 * Replacing an audience: who stays is noted in a temporary table as the file is read, the others leave at
 * the end. Memory stays flat with the audience's size; a replacement that breaks off lets nobody leave.
 */
import type { Pool } from './database.ts';
import { transaction } from './database.ts';
import { changeMembership } from './audiences.ts';

export interface Replacement {
  /** Notes that these belong to the audience from now on. */
  stay(profileIds: readonly string[]): Promise<void>;
  /**
   * Lets all others leave who were members when the replacement began: who entered since is newer than the
   * file. @returns how many left
   */
  letOthersLeave(): Promise<number>;
  close(): void;
}

const membersAtOnce = 1_000;

/** Takes one connection of the pool until it is closed. */
export async function beginReplacement(pool: Pool, audienceId: string): Promise<Replacement> {
  const session = await pool.connect();
  await session.query('create temp table staying (profile_id uuid primary key)');
  const { rows } = await session.query<{ at: string }>('select clock_timestamp()::text as at');
  const begunAt = rows[0]?.at;
  return {
    stay: async (profileIds) => {
      await session.query('insert into staying select unnest($1::uuid[]) on conflict do nothing', [
        profileIds,
      ]);
    },
    letOthersLeave: async () => {
      await session.query('analyze staying');
      let left = 0;
      for (let after = '00000000-0000-0000-0000-000000000000'; ;) {
        const page = await session.query<{ profile_id: string }>(
          `select profile_id from audience_members
            where audience_id = $1 and is_member and changed_at < $2 and profile_id > $3
              and not exists (select 1 from staying where staying.profile_id = audience_members.profile_id)
            order by profile_id limit $4`,
          [audienceId, begunAt, after, membersAtOnce],
        );
        const ids = page.rows.map((row) => row.profile_id);
        const last = ids.at(-1);
        if (last === undefined) return left;
        after = last;
        left += (await transaction(pool, (database) => changeMembership(database, audienceId, ids, 'exit')))
          .length;
      }
    },
    // The temporary table goes with its session, so the connection does not go back to the pool.
    close: () => session.release(true),
  };
}
