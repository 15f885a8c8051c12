/**
 * The files of a rebuild: those that it walks, and the one that is taken back.
 */
import type { Database } from './database.ts';
import type { RebuildAttempt } from './rebuilds.ts';

export interface FileToWalk {
  readonly fileId: number;
  readonly accountId: string;
  readonly eventType: string;
  /** Which of the rebuild's mappings is its own. */
  readonly mapping: number;
  readonly toLine: number;
  readonly walkedTo: number;
}

/** The files that are not walked to their end, those of one mapping one after the other. */
export async function filesToWalk(database: Database, rebuildId: number): Promise<readonly FileToWalk[]> {
  const { rows } = await database.query<FileToWalk>(
    `select file_id as "fileId", account_id as "accountId", event_type as "eventType", mapping,
            to_line as "toLine", walked_to as "walkedTo"
       from rebuild_files join event_files on event_files.id = file_id
      where rebuild_id = $1 and walked_to < to_line order by mapping, file_id`,
    [rebuildId],
  );
  return rows;
}

export interface WalkedFile {
  readonly fileId: number;
  readonly walkedTo: number;
  /** Events about nobody, of those walked since it was told last. */
  readonly nobodys: number;
}

export async function moveWalk(
  database: Database,
  rebuildId: number,
  files: readonly WalkedFile[],
): Promise<void> {
  await database.query(
    `update rebuild_files set walked_to = given.walked_to, nobodys_rows = nobodys_rows + given.nobodys
       from unnest($2::bigint[], $3::bigint[], $4::bigint[]) as given (file_id, walked_to, nobodys)
      where rebuild_id = $1 and rebuild_files.file_id = given.file_id`,
    [
      rebuildId,
      files.map(({ fileId }) => fileId),
      files.map(({ walkedTo }) => walkedTo),
      files.map(({ nobodys }) => nobodys),
    ],
  );
}

/**
 * Lets the files be as the rebuild's mappings have them: with their events about nobody; one that is half read is
 * read on by the mapping that the profiles are built by.
 * @param mappings the rebuild's; null for the default one
 */
export async function settleFiles(
  database: Database,
  rebuildId: number,
  mappings: readonly (string | null)[],
): Promise<void> {
  await database.query(
    `update event_files
        set nobodys_rows = rebuild_files.nobodys_rows,
            reading = jsonb_strip_nulls(reading || jsonb_build_object('mapping', ($2::text[])[mapping + 1]))
       from rebuild_files where rebuild_id = $1 and file_id = event_files.id`,
    [rebuildId, mappings],
  );
}

const takenBack = `job_id = $1 and path = $2 and state = 'taken-back'`;

export async function filesTakenBack(
  database: Database,
  { jobId, filePath }: RebuildAttempt,
): Promise<readonly Pick<FileToWalk, 'fileId' | 'accountId' | 'eventType'>[]> {
  const { rows } = await database.query<FileToWalk>(
    `select id as "fileId", account_id as "accountId", event_type as "eventType" from event_files
      where ${takenBack} order by id`,
    [jobId, filePath],
  );
  return rows;
}

/** Removes events from the stream, and notes whose profiles are to be built anew. */
export async function removeEvents(
  database: Database,
  rebuildId: number,
  fileId: number,
  upTo: number,
  profileIds: readonly string[],
): Promise<void> {
  await database.query('delete from responsys_events where file_id = $1 and line <= $2', [fileId, upTo]);
  await database.query(
    `insert into rebuild_parts (rebuild_id, profile_id)
     select $1, id from unnest($2::uuid[]) as given (id)
      where not exists (select 1 from rebuild_parts where rebuild_id = $1 and profile_id = given.id)`,
    [rebuildId, profileIds],
  );
}

/** Forgets what was read of the files that were taken back. */
export async function forgetReading(database: Database, { jobId, filePath }: RebuildAttempt): Promise<void> {
  for (const table of ['set_aside_events', 'event_columns'])
    await database.query(
      `delete from ${table} using event_files where file_id = event_files.id and ${takenBack}`,
      [jobId, filePath],
    );
  await database.query(
    `update event_files
        set content_hash = null, reading = null, read_to = 0, folded_to = 0, bytes_read = 0, events = 0, repeated_rows = 0,
            set_aside_rows = 0, nobodys_rows = 0, failures = 0, next_try_at = null, started_at = null,
            ended_at = null
      where ${takenBack}`,
    [jobId, filePath],
  );
}

/** Lets the files that were taken back be imported again. */
export async function giveBack(database: Database, { jobId, filePath }: RebuildAttempt): Promise<void> {
  await database.query(`update event_files set state = 'ready' where ${takenBack}`, [jobId, filePath]);
}
