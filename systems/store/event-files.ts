/**
 * The event files of a job: which are there, which are whole, who reads one, how far it came, what became of
 * it. An attempt at a file carries a number; whatever it writes is compared with the number that stands here,
 * so that an attempt that was thought dead changes nothing.
 */
import { ExpectedError } from '../../jobs/errors.ts';
import type { ImportActivityConfiguration } from '../../jobs/import-activity.ts';
import type { FilesOfType } from '../../jobs/overdue.ts';
import type { Database } from './database.ts';

/**
 * `waiting`: not known to be whole. `failed`: to be tried again. `set-aside`: tried in vain, for a person.
 * `repeated`: its content was imported under another name or date. `taken-back`: it is being removed, and is
 * imported again after that.
 */
export type FileState =
  'waiting' | 'ready' | 'reading' | 'failed' | 'set-aside' | 'done' | 'repeated' | 'taken-back';

/** A file as a listing of the folder shows it. */
export interface SeenFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly modifiedAtMs: number;
  readonly accountId: string;
  readonly eventType: string;
  /** Date and time in its name. */
  readonly stamp: string;
  readonly isWhole: boolean;
  /** The name of the file that tells how many rows it has. */
  readonly countFile: string | undefined;
}

export interface EventFile {
  readonly id: number;
  readonly path: string;
  readonly sizeBytes: number;
  readonly modifiedAt: Date;
  readonly accountId: string;
  readonly eventType: string;
  readonly state: FileState;
  readonly reason: string;
  readonly failures: number;
  readonly bytesRead: number;
  readonly readTo: number;
  readonly events: number;
  readonly repeatedRows: number;
  readonly setAsideRows: number;
  readonly nobodysRows: number;
  readonly firstSeenAt: Date;
  readonly startedAt: Date | null;
  readonly endedAt: Date | null;
}

const columns = `id, path, size_bytes as "sizeBytes", modified_at as "modifiedAt", account_id as "accountId",
  event_type as "eventType", state, reason, failures, bytes_read as "bytesRead", read_to as "readTo", events,
  repeated_rows as "repeatedRows", set_aside_rows as "setAsideRows", nobodys_rows as "nobodysRows",
  first_seen_at as "firstSeenAt", started_at as "startedAt", ended_at as "endedAt"`;

/** What is known of the files that were not begun: when each was first seen as it is. */
export async function readSightings(
  database: Database,
  jobId: string,
): Promise<{
  readonly nowMs: number;
  readonly files: readonly Pick<EventFile, 'path' | 'sizeBytes' | 'modifiedAt' | 'firstSeenAt'>[];
}> {
  const { rows } = await database.query<EventFile>(
    `select ${columns} from event_files where job_id = $1 and state = 'waiting'`,
    [jobId],
  );
  const clock = await database.query<{ now: Date }>('select now()');
  return { nowMs: clock.rows[0]?.now.getTime() ?? 0, files: rows };
}

/** Notes what one look at the folder showed. A file that was whole once, and stayed as it was, stays whole. */
export async function noteListing(
  database: Database,
  jobId: string,
  files: readonly SeenFile[],
): Promise<void> {
  // Locked, so that two looks at once, of which one is stale, do not run into each other.
  await database.query('select 1 from jobs where id = $1 for update', [jobId]);
  await database.query(
    `insert into event_files as known (job_id, path, size_bytes, modified_at, account_id, event_type, stamp, state, count_file)
     select $1, path, size_bytes, to_timestamp(modified_ms / 1000.0), account_id, event_type, stamp,
            case when is_whole then 'ready' else 'waiting' end, count_file
       from unnest($2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::boolean[],
                   $9::text[])
         as seen (path, size_bytes, modified_ms, account_id, event_type, stamp, is_whole, count_file)
     on conflict (job_id, path, size_bytes, modified_at) do update set
       last_seen_at = now(), count_file = excluded.count_file,
       state = case when known.state = 'waiting' then excluded.state else known.state end
     where known.state in ('waiting', 'ready')`,
    [
      jobId,
      files.map((file) => file.path),
      files.map((file) => file.sizeBytes),
      files.map((file) => file.modifiedAtMs),
      files.map((file) => file.accountId),
      files.map((file) => file.eventType),
      files.map((file) => file.stamp),
      files.map((file) => file.isWhole),
      files.map((file) => file.countFile ?? null),
    ],
  );
  // What is no longer there as it was: it grew, or was taken away. Nothing is lost where its successor is there.
  const paths = files.map((file) => file.path);
  const isPast = `job_id = $1 and state in ('waiting', 'ready') and last_seen_at < now()`;
  await database.query(
    `delete from event_files where ${isPast} and read_to = 0 and (attempt = 0 or path = any($2))`,
    [jobId, paths],
  );
  // Its reading was begun: a person is to see what became of it.
  await database.query(
    `update event_files set state = 'set-aside', ended_at = now(),
            reason = case when reason = '' then 'It is no longer on the server as it was.' else reason end
      where ${isPast}`,
    [jobId],
  );
}

/** Files to be read now, the oldest first. */
export async function filesToRead(
  database: Database,
  jobId: string,
  limit: number,
): Promise<readonly EventFile[]> {
  const { rows } = await database.query<EventFile>(
    `select ${columns} from event_files
      where job_id = $1 and (state in ('ready', 'reading') or state = 'failed' and next_try_at <= now())
      order by stamp, path, id limit $2`,
    [jobId, limit],
  );
  return rows;
}

export async function findFile(database: Database, fileId: number): Promise<EventFile | undefined> {
  const { rows } = await database.query<EventFile>(`select ${columns} from event_files where id = $1`, [
    fileId,
  ]);
  return rows[0];
}

/**
 * When, after the last look, another can change something: a file may have become whole, or is to be tried
 * again. What had come by then was judged: a file that waits for its marker may wait for days.
 */
export async function nextChangeAt(
  database: Database,
  jobId: string,
  stableForMs: number,
  lookedAtMs: number,
): Promise<Date | undefined> {
  const { rows } = await database.query<{ at: Date | null }>(
    `select min(at) as at
       from (select case when state = 'waiting' then first_seen_at + $2 * interval '1 millisecond' else next_try_at end
               from event_files where job_id = $1 and state in ('waiting', 'failed')) as change (at)
      where at > to_timestamp($3 / 1000.0)`,
    [jobId, stableForMs, lookedAtMs],
  );
  return rows[0]?.at ?? undefined;
}

/** How a file is read. What it was begun with holds to its end, whatever the job's configuration becomes. */
export type Reading = Pick<ImportActivityConfiguration, 'customDelimiter' | 'mapping' | 'timeZone'>;

/** An attempt at a file: what it starts from, and the number that it writes under. */
export interface Attempt {
  readonly fileId: number;
  readonly attempt: number;
  readonly jobId: string;
  readonly path: string;
  readonly sizeBytes: number;
  readonly modifiedAt: Date;
  readonly accountId: string;
  readonly eventType: string;
  readonly countFile: string | null;
  readonly readTo: number;
  readonly foldedTo: number;
  readonly reading: Reading;
}

/**
 * Takes a file over from whoever read it before.
 * @param reading how it is read where no row of it was yet
 * @returns undefined where nothing is left to be done
 */
export async function beginAttempt(
  database: Database,
  fileId: number,
  { customDelimiter, mapping, timeZone }: Reading,
): Promise<Attempt | undefined> {
  const { rows } = await database.query<Attempt>(
    `update event_files
        set attempt = attempt + 1, state = 'reading', started_at = coalesce(started_at, now()),
            reading = case when read_to = 0 then $2 else coalesce(reading, $2) end
      where id = $1 and state in ('ready', 'reading', 'failed')
     returning id as "fileId", attempt, job_id as "jobId", path, size_bytes as "sizeBytes",
       modified_at as "modifiedAt", account_id as "accountId", event_type as "eventType",
       count_file as "countFile", read_to as "readTo", folded_to as "foldedTo", reading`,
    [fileId, { customDelimiter, mapping, timeZone }],
  );
  return rows[0];
}

/** What an attempt throws that another has taken over from. */
export const attemptIsStale = (): ExpectedError =>
  new ExpectedError('NOT_NOW', 'Another attempt has taken this file over.');

/** Ends an attempt's file, one way or the other. @throws ExpectedError NOT_NOW when the attempt is stale */
export async function endFile(
  database: Database,
  { fileId, attempt }: Pick<Attempt, 'fileId' | 'attempt'>,
  state: 'done' | 'repeated',
  reason = '',
): Promise<void> {
  const { rowCount } = await database.query(
    `update event_files set state = $3, reason = $4, ended_at = now(), reading = null
      where id = $1 and attempt = $2 and state = 'reading' and (folded_to = read_to or $3 = 'repeated')`,
    [fileId, attempt, state, reason],
  );
  if (rowCount !== 1) throw attemptIsStale();
}

/** Lets a file rest that was changed or taken away while it was read: the next look says what it is now. */
export async function restFile(
  database: Database,
  { fileId, attempt }: Pick<Attempt, 'fileId' | 'attempt'>,
  reason: string,
): Promise<void> {
  const { rowCount } = await database.query(
    `update event_files set state = 'waiting', reason = $3, first_seen_at = now()
      where id = $1 and attempt = $2 and state = 'reading'`,
    [fileId, attempt, reason],
  );
  if (rowCount !== 1) throw attemptIsStale();
}

/** How often a file is tried before it is set aside. */
const mostTries = 3;
const firstPause = '1 minute';

/**
 * Notes that an attempt failed by a fault of the file: it is tried again later, and at last set aside.
 * @param reason in the reader's words, without anybody's data
 */
export async function failFile(
  database: Database,
  { fileId, attempt }: Pick<Attempt, 'fileId' | 'attempt'>,
  reason: string,
): Promise<FileState> {
  const { rows } = await database.query<{ state: FileState }>(
    `update event_files
        set failures = failures + 1, reason = $3,
            state = case when failures + 1 >= ${mostTries} then 'set-aside' else 'failed' end,
            next_try_at = now() + interval '${firstPause}' * power(5, failures),
            ended_at = case when failures + 1 >= ${mostTries} then now() end
      where id = $1 and attempt = $2 and state = 'reading' returning state`,
    [fileId, attempt, reason],
  );
  const [row] = rows;
  if (row === undefined) throw attemptIsStale();
  return row.state;
}

/**
 * Notes the hash of a file's plain bytes.
 * @returns the path of a file of the same account, type and content that is done, where there is one; files
 *   without rows are all alike, and none is another's repetition
 */
export async function noteContent(
  database: Database,
  { fileId, attempt, accountId, eventType }: Attempt,
  hash: Buffer,
): Promise<string | undefined> {
  const { rowCount } = await database.query(
    `update event_files set content_hash = $3 where id = $1 and attempt = $2 and state = 'reading'`,
    [fileId, attempt, hash],
  );
  if (rowCount !== 1) throw attemptIsStale();
  const { rows } = await database.query<{ path: string }>(
    `select path from event_files
      where content_hash = $1 and account_id = $2 and event_type = $3 and state = 'done' and id <> $4
        and events + repeated_rows + set_aside_rows > 0 limit 1`,
    [hash, accountId, eventType, fileId],
  );
  return rows[0]?.path;
}

/** Lets files that failed or were set aside be tried again at once. @returns how many */
export async function retryFiles(database: Database, jobId: string, path?: string): Promise<number> {
  const { rowCount } = await database.query(
    `update event_files set state = 'failed', failures = 0, next_try_at = now(), ended_at = null
      where job_id = $1 and state in ('failed', 'set-aside') and ($2::text is null or path = $2)`,
    [jobId, path ?? null],
  );
  return rowCount ?? 0;
}

/** The files of a job, the newest first. */
export async function listFiles(
  database: Database,
  jobId: string,
  limit: number,
): Promise<readonly EventFile[]> {
  const { rows } = await database.query<EventFile>(
    `select ${columns} from event_files where job_id = $1 order by stamp desc, path desc, id desc limit $2`,
    [jobId, limit],
  );
  return rows;
}

/** The files of a job that were delivered under this name. */
export async function listFilesNamed(
  database: Database,
  jobId: string,
  path: string,
): Promise<readonly EventFile[]> {
  const { rows } = await database.query<EventFile>(
    `select ${columns} from event_files where job_id = $1 and path = $2 order by id`,
    [jobId, path],
  );
  return rows;
}

/** The files of a type and of these accounts, whichever job imports them. */
export async function filesOfType(
  database: Database,
  eventType: string,
  accountIds: readonly string[],
): Promise<readonly number[]> {
  const { rows } = await database.query<{ id: number }>(
    'select id from event_files where event_type = $1 and account_id = any($2) and events > 0',
    [eventType, accountIds],
  );
  return rows.map(({ id }) => id);
}

/** Of each account and type. */
const rhythmFiles = 50;

/** When the newest files of each account and type were written, by the server's clock. */ export async function fileTimes(
  database: Database,
  jobId: string,
): Promise<readonly FilesOfType[]> {
  const { rows } = await database.query<{ accountId: string; eventType: string; writtenAt: Date[] }>(
    `select account_id as "accountId", event_type as "eventType", array_agg(distinct modified_at) as "writtenAt"
       from (select account_id, event_type, modified_at,
                    row_number() over (partition by account_id, event_type order by modified_at desc) as place
               from event_files where job_id = $1 and state <> 'repeated') as files
      where place <= ${rhythmFiles} group by account_id, event_type order by account_id, event_type`,
    [jobId],
  );
  return rows.map(({ accountId, eventType, writtenAt }) => ({
    accountId,
    eventType,
    writtenAtMs: writtenAt.map((at) => at.getTime()),
  }));
}

export interface FileTotals {
  readonly found: number;
  readonly done: number;
  readonly repeated: number;
  readonly setAside: number;
  readonly failed: number;
  readonly waiting: number;
  readonly events: number;
  readonly repeatedRows: number;
  readonly rejected: number;
  readonly nobodys: number;
  /** Events by the type of their file. */
  readonly byType: Readonly<Record<string, number>>;
  readonly reading: readonly EventFile[];
}

/** How a job's files stand, together. */
export async function fileTotals(database: Database, jobId: string): Promise<FileTotals> {
  const { rows } = await database.query<Omit<FileTotals, 'byType' | 'reading'> & { byType: unknown }>(
    `select count(*) as found, count(*) filter (where state = 'done') as done,
            count(*) filter (where state = 'repeated') as repeated,
            count(*) filter (where state = 'set-aside') as "setAside",
            count(*) filter (where state = 'failed') as failed,
            count(*) filter (where state in ('waiting', 'ready', 'taken-back')) as waiting,
            coalesce(sum(events), 0)::bigint as events,
            coalesce(sum(repeated_rows), 0)::bigint as "repeatedRows",
            coalesce(sum(set_aside_rows), 0)::bigint as rejected,
            coalesce(sum(nobodys_rows), 0)::bigint as nobodys
       from event_files where job_id = $1`,
    [jobId],
  );
  const types = await database.query<{ event: string; events: number }>(
    `select event_type as event, sum(events)::bigint as events from event_files
      where job_id = $1 and events > 0 group by event_type order by event_type`,
    [jobId],
  );
  const reading = await database.query<EventFile>(
    `select ${columns} from event_files where job_id = $1 and state = 'reading' order by stamp, path, id`,
    [jobId],
  );
  const [totals] = rows;
  if (totals === undefined) throw new Error('The totals are gone.');
  return {
    ...totals,
    byType: Object.fromEntries(types.rows.map(({ event, events }) => [event, events])),
    reading: reading.rows,
  };
}
