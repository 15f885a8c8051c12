/**
 * The change log as the relay reads it: in the order (tx, no), below the oldest transaction that still
 * runs, so that a change which commits late is never skipped.
 *
 * A job is concerned by: enters and exits of every audience that it exports, changes of the fields that it
 * maps to identifiers and of its `fieldsToTrigger`, merges, and what it has to send again itself; always of
 * profiles that are in its source audience, or once were.
 */
import type { Database } from './database.ts';

export interface RelayPosition {
  readonly jobId: string;
  readonly kind: string;
  /** Of the job, when this was read. */
  readonly revision: string;
  /** A transaction id (xid8), as text. */
  readonly tx: string;
  readonly no: number;
}

/**
 * Lets a job hear of all changes from now on: also of those that run at this moment and commit later. To
 * be called before the job's scan begins, so that nothing falls between the two.
 */
export async function startRelaying(database: Database, jobId: string): Promise<void> {
  await database.query(
    `insert into relay_positions (job_id, tx, no) values ($1, pg_snapshot_xmin(pg_current_snapshot()), 0)
     on conflict (job_id) do nothing`,
    [jobId],
  );
}

export async function stopRelaying(database: Database, jobId: string): Promise<void> {
  await database.query('delete from relay_positions where job_id = $1', [jobId]);
}

export async function relayPositions(database: Database): Promise<readonly RelayPosition[]> {
  const { rows } = await database.query<RelayPosition>(`${positions} order by job_id`);
  return rows;
}

/** @returns undefined where the job is told of nothing */
export async function positionOf(database: Database, jobId: string): Promise<RelayPosition | undefined> {
  const { rows } = await database.query<RelayPosition>(`${positions} where job_id = $1`, [jobId]);
  return rows[0];
}

const positions =
  'select job_id as "jobId", kind, revision, tx::text, no from relay_positions join jobs on id = job_id';

export interface Change {
  readonly profileId: string;
  /** `again`: anything but a membership. */
  readonly change: 'enter' | 'exit' | 'again';
}

/** Lets a job send members again. In the transaction that shows the need, so that no crash loses it. */
export async function logAgain(
  database: Database,
  jobId: string,
  profileIds: readonly string[],
): Promise<void> {
  if (profileIds.length === 0) return;
  await database.query(
    "insert into changes (job_id, profile_id, change) select $1, unnest($2::uuid[]), 'again'",
    [jobId, profileIds],
  );
}

/**
 * The changes that concern a job among the next `limit` lines of the log, and the position after them.
 * @returns undefined when there is nothing new
 */
export async function readChanges(
  database: Database,
  position: RelayPosition,
  limit: number,
): Promise<{ readonly changes: readonly Change[]; readonly next: RelayPosition } | undefined> {
  const { rows } = await database.query<Change & { tx: string; no: number; concerns: boolean }>(
    `select profile_id as "profileId", changes.tx::text, no,
            case when change in ('enter', 'exit') then change else 'again' end as change,
            case change
              when 'again' then job_id = $1
              when 'fields' then fields && array(
                select jsonb_object_keys(configuration -> 'idMappings') from jobs where id = $1
                union all
                select jsonb_array_elements_text(configuration -> 'fieldsToTrigger') from jobs where id = $1)
              when 'merged' then true
              else audience_ids && array(select audience_id from job_audiences where job_id = $1)
            end and exists (
              select 1 from audience_members
               where profile_id = changes.profile_id
                 and audience_id = (select audience_id from job_audiences where job_id = $1 and is_source)
            ) as concerns
       from changes
      where (tx, no) > ($2::xid8, $3) and tx < pg_snapshot_xmin(pg_current_snapshot())
      -- Of the table: by the text of the same name, 1000 comes before 999.
      order by changes.tx, no limit $4`,
    [position.jobId, position.tx, position.no, limit],
  );
  const last = rows.at(-1);
  if (last === undefined) return undefined;
  return {
    changes: rows.filter((row) => row.concerns),
    next: { ...position, tx: last.tx, no: last.no },
  };
}

/** Moves a job's position. Told again after a crash between the signal and this: that does no harm. */
export async function moveRelayPosition(database: Database, to: RelayPosition): Promise<void> {
  await database.query('update relay_positions set tx = $2::xid8, no = $3 where job_id = $1', [
    to.jobId,
    to.tx,
    to.no,
  ]);
}
