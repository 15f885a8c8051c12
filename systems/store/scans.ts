/**
 * Scans: the members of a source audience as they were when the scan began, and those who left since the job
 * last sent them, in the order of the columns
 * that they have, so that requests of one set of columns stay full. The position moves in the transaction
 * that writes the ledger.
 */
import { walkRows } from './cursor.ts';
import type { Database, Pool } from './database.ts';
import { transaction } from './database.ts';

export interface Scan {
  readonly id: string;
  /**
   * Through the source audience, or through the rejected members again; of a campaign, through the members that
   * are there, or through mails of unknown fate again.
   */
  readonly kind: 'audience' | 'retry' | 'backfill' | 'unknown';
  readonly total: number;
  /** Members up to this position are in the ledger. */
  readonly done: number;
  readonly state: 'running' | 'done' | 'abandoned';
  readonly startedAt: Date;
  readonly endedAt: Date | null;
}

/** As the table's migration has it. */
const blockMembers = 1_000;

const columns = 'id, kind, total, done, state, started_at as "startedAt", ended_at as "endedAt"';

/** The job's running scan, begun where there is none. @param fields those whose presence makes the order */
export async function beginScan(
  pool: Pool,
  jobId: string,
  sourceAudienceId: string,
  fields: readonly string[],
): Promise<Scan> {
  return beginWalk(
    pool,
    jobId,
    'audience',
    `select row_number() over (order by ${scanOrder(fields, 2)}), profiles.id
       from audience_members join profiles on profiles.id = profile_id
       left join job_members as sent
         on sent.profile_id = audience_members.profile_id and sent.job_id = $${fields.length + 2}
      where audience_id = $1 and (is_member
              -- Left while nobody listened: the record still has what the last enter gave it.
              or sent.change = 'enter'
              -- Or what a send gave it that was cut off before its line in the ledger.
              or (sent.change_no is null or sent.change_no < profiles.change_no)
                 and exists (select 1 from job_records where job_id = $${fields.length + 2}
                                and job_records.profile_id = audience_members.profile_id))`,
    [sourceAudienceId, ...fields, jobId],
  );
}

/** A walk through the job's rejected members, once more. @param reason a reason's code; all without one */
export async function beginRetry(pool: Pool, jobId: string, reason: string | undefined): Promise<Scan> {
  return beginWalk(
    pool,
    jobId,
    'retry',
    `select row_number() over (order by reason_code, profile_id), profile_id from job_members
      where job_id = $1 and fate = 'rejected' and ($2::text is null or reason_code = $2)`,
    [jobId, reason ?? null],
  );
}

/**
 * The job's running walk, begun where there is none.
 * @param members selects positions, from 1 on, and profile ids
 * @param prepare what comes before that, in the same transaction, where one is begun
 */
export async function beginWalk(
  pool: Pool,
  jobId: string,
  kind: Scan['kind'],
  members: string,
  values: readonly unknown[],
  prepare?: (database: Database) => Promise<void>,
): Promise<Scan> {
  return transaction(pool, async (database) => {
    await database.query('select 1 from jobs where id = $1 for update', [jobId]);
    const running = await database.query<Scan>(
      `select ${columns} from scans where job_id = $1 and state = 'running'`,
      [jobId],
    );
    if (running.rows[0] !== undefined) return running.rows[0];
    await prepare?.(database);
    const begun = await database.query<{ id: string }>(
      'insert into scans (job_id, kind, total) values ($1, $2, 0) returning id',
      [jobId, kind],
    );
    const scanId = begun.rows[0]?.id;
    const id = `$${values.length + 1}::uuid`;
    const { rows } = await database.query<Scan>(
      `with members (position, profile_id) as (${members}), blocks as (
         insert into scan_blocks (scan_id, block, profile_ids)
         select ${id}, (position - 1) / ${blockMembers}, array_agg(profile_id order by position)
           from members group by 2
         returning cardinality(profile_ids) as members
       )
       update scans set total = (select coalesce(sum(members), 0) from blocks) where id = ${id} returning ${columns}`,
      [...values, scanId],
    );
    const [scan] = rows;
    if (scan === undefined) throw new Error('The scan that was just begun is gone.');
    return scan;
  });
}

/** By the columns that members have. @param first the number of the parameter that holds the first field */
function scanOrder(fields: readonly string[], first: number): string {
  const has = fields.map((_, index) => `(profiles.fields ? $${index + first})::int::bit`).join(' || ');
  return has === '' ? 'profiles.id' : `${has}, profiles.id`;
}

/** Walks an audience's members as a scan that began now would, and writes nothing. */
export const walkMembers = (
  pool: Pool,
  sourceAudienceId: string,
  fields: readonly string[],
  pageMembers: number,
  visit: (profileIds: readonly string[]) => Promise<void>,
): Promise<void> =>
  walkRows(
    pool,
    {
      text: `select profile_id from audience_members join profiles on profiles.id = profile_id
              where audience_id = $1 and is_member order by ${scanOrder(fields, 2)}`,
      values: [sourceAudienceId, ...fields],
    },
    pageMembers,
    (rows) => visit((rows as readonly { profile_id: string }[]).map((row) => row.profile_id)),
  );

export async function findScan(database: Database, scanId: string): Promise<Scan | undefined> {
  const { rows } = await database.query<Scan>(`select ${columns} from scans where id = $1`, [scanId]);
  return rows[0];
}

/** The job's newest scan. */
export async function latestScan(database: Database, jobId: string): Promise<Scan | undefined> {
  const { rows } = await database.query<Scan>(
    `select ${columns} from scans where job_id = $1 order by started_at desc limit 1`,
    [jobId],
  );
  return rows[0];
}

/** The members at the positions after `after`, up to `after + count`. */
export async function readScanPage(
  database: Database,
  scanId: string,
  after: number,
  count: number,
): Promise<readonly string[]> {
  const { rows } = await database.query<{ profile_id: string }>(
    `select profile_id
       from scan_blocks cross join unnest(profile_ids) with ordinality as members (profile_id, place)
      where scan_id = $1 and block between $2::bigint / ${blockMembers} and ($3::bigint - 1) / ${blockMembers}
        and block * ${blockMembers} + place > $2 and block * ${blockMembers} + place <= $3
      order by block, place`,
    [scanId, after, after + count],
  );
  return rows.map((row) => row.profile_id);
}

/** Moves the position. @returns false when another attempt moved it: this one is then to stop, unwritten */
export async function advanceScan(
  database: Database,
  scanId: string,
  from: number,
  to: number,
): Promise<boolean> {
  const { rowCount } = await database.query(
    "update scans set done = $3 where id = $1 and done = $2 and state = 'running'",
    [scanId, from, to],
  );
  return rowCount === 1;
}

export async function endScan(
  database: Database,
  scanId: string,
  state: 'done' | 'abandoned',
): Promise<void> {
  await database.query("update scans set state = $2, ended_at = now() where id = $1 and state = 'running'", [
    scanId,
    state,
  ]);
  await database.query('delete from scan_blocks where scan_id = $1', [scanId]);
}

/** For a job that ends: no scan of it goes on. */
export async function abandonScansOf(database: Database, jobId: string): Promise<void> {
  const { rows } = await database.query<{ id: string }>(
    "select id from scans where job_id = $1 and state = 'running'",
    [jobId],
  );
  for (const { id } of rows) await endScan(database, id, 'abandoned');
}
