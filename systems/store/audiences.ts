/** Audiences and their members. An audience is a list, or a rule, whose members are those who match its filter. */
import { randomUUID } from 'node:crypto';
import { audienceColumn } from '../../jobs/column-name.ts';
import type { Database, Pool } from './database.ts';
import { transaction } from './database.ts';
import { followProfiles } from './following.ts';
import { identityFields } from './identities.ts';
import { moveProfiles } from './memberships.ts';
import { holdOffMerges } from './merging.ts';

export interface Audience {
  readonly id: string;
  readonly name: string;
  /** The column that stands for it in a memberships table. */
  readonly column: string;
  /** Of a rule; null of a list. */
  readonly filter: string | null;
}

const asAudience = 'id, name, column_name as column, filter';

/** The audience of this name, made as a list where there is none. */
export async function ensureAudience(pool: Pool, name: string): Promise<Audience> {
  return transaction(pool, async (database) => {
    await holdAudiences(database);
    return (await findAudience(database, name)) ?? (await addAudience(database, name, null));
  });
}

/** Keeps new audiences to this transaction alone. */
export async function holdAudiences(database: Database): Promise<void> {
  await database.query('lock table audiences in share row exclusive mode');
}

/** Under `holdAudiences`. @param filter of a rule; null for a list */
export async function addAudience(
  database: Database,
  name: string,
  filter: string | null,
): Promise<Audience> {
  const { rows } = await database.query<{ column_name: string }>('select column_name from audiences');
  const taken = new Set(rows.map((row) => row.column_name.toUpperCase()));
  const id = randomUUID();
  const column = audienceColumn(name, id, (candidate) => taken.has(candidate.toUpperCase()));
  await database.query('insert into audiences (id, name, column_name, filter) values ($1, $2, $3, $4)', [
    id,
    name,
    column,
    filter,
  ]);
  return { id, name, column, filter };
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
    `select ${asAudience}, created_at as "createdAt",
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
 * Lets profiles enter or leave a list, and so the audiences by rule that include it. Those that are already
 * there, or already gone, are left alone: nothing is logged for them.
 * Profiles that were merged are taken for those into which they were.
 * @returns the profiles whose membership changed
 */
export async function changeMembership(
  database: Database,
  audienceId: string,
  profileIds: readonly string[],
  change: 'enter' | 'exit',
  nowMs = Date.now(),
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
  const ids = await moveProfiles(
    database,
    audienceId,
    locked.rows.map(({ id }) => id),
    change,
  );
  await followProfiles(database, [{ profileIds: ids, what: { listId: audienceId } }], nowMs);
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
