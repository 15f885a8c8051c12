/**
 * Profiles built anew from the stream. What the stream comes to is gathered beside the profiles, in parts, and
 * takes the place of what they held when the whole stream was walked: until then they stay as they are. Each
 * step is a transaction that moves a watermark under the attempt's number, and while a rebuild is under way
 * no events are folded: what it walks stays what it was at its beginning.
 */
import { ExpectedError } from '../../jobs/errors.ts';
import type { Database, Pool } from './database.ts';
import { transaction } from './database.ts';
import type { Attempt } from './event-files.ts';

const lockSpace = 0x6c7b;

/**
 * To be called first in a transaction that folds events: holds off rebuilds until it ends.
 * @throws ExpectedError REBUILD_RUNS, also where one has ended since the attempt began, by another mapping than
 *   the attempt reads with
 */
export async function holdOffRebuilds(
  database: Database,
  { fileId, reading }: Pick<Attempt, 'fileId' | 'reading'>,
): Promise<void> {
  await database.query('select pg_advisory_xact_lock_shared($1, 0)', [lockSpace]);
  await refuseDuringRebuild(database);
  const { rowCount } = await database.query(
    "select 1 from event_files where id = $1 and reading is not null and reading ->> 'mapping' is distinct from $2",
    [fileId, reading.mapping ?? null],
  );
  if (rowCount !== 0)
    throw new ExpectedError(
      'REBUILD_RUNS',
      'Profiles were built anew by another mapping than the file was begun with; it is read on by that one.',
    );
}

/** @throws ExpectedError REBUILD_RUNS */
export async function refuseDuringRebuild(database: Database): Promise<void> {
  if ((await runningRebuild(database)) !== undefined)
    throw new ExpectedError(
      'REBUILD_RUNS',
      'Profiles are being built anew; folding goes on when that is done.',
    );
}

export interface RunningRebuild {
  readonly id: number;
  readonly jobId: string;
  readonly jobLabel: string;
  readonly filePath: string | null;
  readonly state: 'taking-back' | 'walking' | 'building';
}

export async function runningRebuild(database: Database): Promise<RunningRebuild | undefined> {
  const { rows } = await database.query<RunningRebuild>(
    `select rebuilds.id, job_id as "jobId", label as "jobLabel", file_path as "filePath", rebuilds.state
       from rebuilds join jobs on jobs.id = job_id where rebuilds.state not in ('done', 'abandoned')`,
  );
  return rows[0];
}

export interface NewRebuild {
  readonly jobId: string;
  /** The file that is taken back; null where all is built anew. */
  readonly filePath: string | null;
  /** The texts of the mappings, its own job's first. */
  readonly mappings: readonly string[];
  /** For each import: which of the mappings is its own. */
  readonly mappingOfJob: ReadonlyMap<string, number>;
}

/**
 * Begins a rebuild. One that broke off is begun anew; but a file that was half taken back is taken back whole.
 * @throws ExpectedError NOT_NOW, NOT_FOUND
 */
export async function beginRebuild(pool: Pool, asked: NewRebuild): Promise<number> {
  const { jobId, filePath, mappings, mappingOfJob } = asked;
  return transaction(pool, async (database) => {
    // Waits for the folds that are under way; those that come later see the rebuild.
    await database.query('select pg_advisory_xact_lock($1, 0)', [lockSpace]);
    const running = await runningRebuild(database);
    if (running?.filePath != null) {
      if (running.jobId === jobId && running.filePath === filePath) return running.id;
      throw new ExpectedError(
        'NOT_NOW',
        `A file of "${running.jobLabel}" is being taken back; where that broke off: "jobs files ${running.jobId} --redo ${running.filePath}".`,
      );
    }
    if (running !== undefined) await endRebuild(database, running.id, 'abandoned');
    const { rows } = await database.query<{ id: number }>(
      'insert into rebuilds (job_id, file_path, state, mappings) values ($1, $2, $3, $4) returning id',
      [jobId, filePath, filePath === null ? 'walking' : 'taking-back', mappings],
    );
    const id = rows[0]?.id;
    if (id === undefined) throw new Error('The rebuild that was just begun is gone.');
    if (filePath !== null) await holdFiles(database, jobId, filePath);
    await database.query(
      `insert into rebuild_files (rebuild_id, file_id, mapping, to_line)
       select $1, event_files.id, given.mapping, folded_to
         from event_files join unnest($2::text[], $3::smallint[]) as given (job_id, mapping) using (job_id)
        where read_to > 0 and state <> 'taken-back'`,
      [id, [...mappingOfJob.keys()], [...mappingOfJob.values()]],
    );
    if (filePath === null)
      await database.query(
        'insert into rebuild_parts (rebuild_id, profile_id) select $1, id from profiles where aggregates is not null',
        [id],
      );
    return id;
  });
}

/** Keeps a file from being read. All that were delivered under its name go together: each may have rows of another. */
async function holdFiles(database: Database, jobId: string, path: string): Promise<void> {
  const { rows } = await database.query<{ state: string }>(
    'select state from event_files where job_id = $1 and path = $2 order by id for update',
    [jobId, path],
  );
  if (rows.length === 0)
    throw new ExpectedError('NOT_FOUND', `file: the job has none called "${path}"; see "jobs files".`);
  if (rows.some(({ state }) => state === 'reading'))
    throw new ExpectedError('NOT_NOW', `file: "${path}" is being read; take it back when it is done.`);
  await database.query(
    `update event_files set state = 'taken-back', attempt = attempt + 1, reason = '' where job_id = $1 and path = $2`,
    [jobId, path],
  );
}

export interface RebuildAttempt {
  readonly id: number;
  readonly attempt: number;
  readonly jobId: string;
  readonly filePath: string | null;
  readonly state: RunningRebuild['state'];
  readonly mappings: readonly string[];
  readonly builtTo: string | null;
}

/** Takes a rebuild over from whoever ran it before. @returns undefined where it has ended */
export async function beginRebuildAttempt(
  database: Database,
  id: number,
): Promise<RebuildAttempt | undefined> {
  const { rows } = await database.query<RebuildAttempt>(
    `update rebuilds set attempt = attempt + 1 where id = $1 and state not in ('done', 'abandoned')
     returning id, attempt, job_id as "jobId", file_path as "filePath", state, mappings, built_to as "builtTo"`,
    [id],
  );
  return rows[0];
}

/** Locks the rebuild for this attempt. @throws ExpectedError NOT_NOW when another has taken it over */
export async function holdRebuild(
  database: Database,
  { id, attempt }: Pick<RebuildAttempt, 'id' | 'attempt'>,
  state: RunningRebuild['state'],
): Promise<void> {
  const { rowCount } = await database.query(
    'select 1 from rebuilds where id = $1 and attempt = $2 and state = $3 for no key update',
    [id, attempt, state],
  );
  if (rowCount !== 1) throw new ExpectedError('NOT_NOW', 'Another attempt has taken this rebuild over.');
}

export async function setRebuildState(
  database: Database,
  { id }: Pick<RebuildAttempt, 'id'>,
  state: RunningRebuild['state'],
): Promise<void> {
  await database.query('update rebuilds set state = $2 where id = $1', [id, state]);
}

/** Ends a rebuild; what it gathered beside the profiles goes. */
export async function endRebuild(database: Database, id: number, state: 'done' | 'abandoned'): Promise<void> {
  await database.query('delete from rebuild_parts where rebuild_id = $1', [id]);
  await database.query('delete from rebuild_files where rebuild_id = $1', [id]);
  await database.query(
    `update rebuilds set state = $2, ended_at = now() where id = $1 and state not in ('done', 'abandoned')`,
    [id, state],
  );
}

export interface RebuildTotals {
  readonly state: RunningRebuild['state'] | 'done' | 'abandoned';
  /** Profiles that were built, and those of them whose fields changed. */
  readonly built: number;
  readonly changed: number;
}

export async function readRebuild(database: Database, id: number): Promise<RebuildTotals> {
  const { rows } = await database.query<RebuildTotals>(
    'select state, built, changed from rebuilds where id = $1',
    [id],
  );
  const [totals] = rows;
  if (totals === undefined) throw new Error('The rebuild is gone.');
  return totals;
}

/** How far the rebuild that runs has come, in lines of files; undefined where none runs. */
export async function rebuildProgress(
  database: Database,
): Promise<{ readonly walked: number; readonly lines: number } | undefined> {
  const { rows } = await database.query<{ walked: number; lines: number }>(
    `select coalesce(sum(walked_to), 0)::bigint as walked, coalesce(sum(to_line), 0)::bigint as lines
       from rebuilds left join rebuild_files on rebuild_id = id
      where state not in ('done', 'abandoned') group by id`,
  );
  return rows[0];
}
