/**
 * Audiences and their members. Every change of a membership is written to the change log in the same
 * transaction, and counted on the profile.
 */
import { randomUUID } from 'node:crypto';
import { audienceColumn } from '../../jobs/column-name.ts';
import type { Database, Pool } from './database.ts';
import { transaction } from './database.ts';
import { identityFields } from './identities.ts';
import { holdOffMerges } from './merging.ts';

export interface Audience {
  readonly id: string;
  readonly name: string;
  /** The column that stands for it in a memberships table. */
  readonly column: string;
}

const asAudience = 'id, name, column_name as column';

/** The audience of this name, made where there is none. */
export async function ensureAudience(pool: Pool, name: string): Promise<Audience> {
  return transaction(pool, async (database) => {
    await database.query('lock table audiences in share row exclusive mode');
    const existing = await findAudience(database, name);
    if (existing !== undefined) return existing;
    const { rows } = await database.query<{ column_name: string }>('select column_name from audiences');
    const taken = new Set(rows.map((row) => row.column_name.toUpperCase()));
    const id = randomUUID();
    const column = audienceColumn(name, id, (candidate) => taken.has(candidate.toUpperCase()));
    await database.query('insert into audiences (id, name, column_name) values ($1, $2, $3)', [
      id,
      name,
      column,
    ]);
    return { id, name, column };
  });
}

export async function findAudience(database: Database, name: string): Promise<Audience | undefined> {
  const { rows } = await database.query<Audience>(`select ${asAudience} from audiences where name = $1`, [
    name,
  ]);
  return rows[0];
}

/** These audiences by id; those that are not there are left out. */
export async function audiencesById(
  database: Database,
  ids: readonly string[],
): Promise<readonly Audience[]> {
  const { rows } = await database.query<Audience>(
    `select ${asAudience} from audiences where id = any($1::uuid[]) order by name`,
    [ids],
  );
  return rows;
}

export interface AudienceSummary extends Audience {
  readonly members: number;
  readonly left: number;
  readonly createdAt: Date;
  readonly lastChangeAt: Date | null;
}

/** Every audience with its number of members, or the one of this name. */
export async function summariseAudiences(
  database: Database,
  name?: string,
): Promise<readonly AudienceSummary[]> {
  const { rows } = await database.query<AudienceSummary>(
    `select id, name, column_name as column, created_at as "createdAt",
            count(profile_id) filter (where is_member) as members,
            count(profile_id) filter (where not is_member) as left,
            max(changed_at) as "lastChangeAt"
       from audiences left join audience_members on audience_id = id
      where $1::text is null or name = $1
      group by id order by name`,
    [name ?? null],
  );
  return rows;
}

/**
 * Lets profiles enter or leave an audience. Each enter begins a stay with an id of its own. Those that are
 * already there, or already gone, are left alone: nothing is logged for them.
 * Profiles that were merged are taken for those into which they were.
 * @returns the profiles whose membership changed
 */
export async function changeMembership(
  database: Database,
  audienceId: string,
  profileIds: readonly string[],
  change: 'enter' | 'exit',
): Promise<readonly string[]> {
  if (profileIds.length === 0) return [];
  await holdOffMerges(database);
  // Locked in sorted order, so that two transactions over the same people wait instead of deadlocking.
  const locked = await database.query<{ id: string }>(
    `select id from profiles
      where id in (select coalesce(profile_id, given.id)
                     from unnest($1::uuid[]) as given (id) left join profile_aliases on alias = given.id)
      order by id for no key update`,
    [profileIds],
  );
  const known = locked.rows.map(({ id }) => id);
  const changed = await database.query<{ profile_id: string }>(
    change === 'enter'
      ? `insert into audience_members as members (audience_id, profile_id, is_member)
         select $1, id, true from profiles where id = any($2::uuid[]) order by id
         on conflict (audience_id, profile_id) do update
           set is_member = true, changed_at = now(), stay_id = excluded.stay_id
           where not members.is_member
         returning profile_id`
      : `update audience_members set is_member = false, changed_at = now()
          where audience_id = $1 and profile_id = any($2::uuid[]) and is_member
         returning profile_id`,
    [audienceId, known],
  );
  const ids = changed.rows.map((row) => row.profile_id);
  if (ids.length === 0) return ids;
  // What this transaction has written already has a number that nobody has read yet.
  await database.query(
    `update profiles set change_no = change_no + 1
      where id = any($1::uuid[]) and xmin <> pg_current_xact_id()::xid`,
    [ids],
  );
  await database.query(
    'insert into changes (audience_id, profile_id, change) select $1, id, $3 from unnest($2::uuid[]) as id',
    [audienceId, ids, change],
  );
  return ids;
}

export interface Member {
  readonly profileId: string;
  /** By identity field; empty where they were not asked for. */
  readonly identifiers: Readonly<Record<string, string>>;
  readonly changedAt: Date;
}

/** Those who came last. */
export async function readMembers(
  database: Database,
  audienceId: string,
  limit: number,
  withIdentifiers: boolean,
): Promise<readonly Member[]> {
  const { rows } = await database.query<Member>(
    `select profile_id as "profileId", changed_at as "changedAt",
            coalesce((select jsonb_object_agg(key, value) from jsonb_each_text(profiles.fields)
                       where key = any($3::text[])), '{}') as identifiers
       from audience_members join profiles on profiles.id = profile_id
      where audience_id = $1 and is_member
      order by changed_at desc, profile_id limit $2`,
    [audienceId, limit, withIdentifiers ? identityFields : []],
  );
  return rows;
}
