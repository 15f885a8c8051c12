/**
 * The stream `responsys_events`: every row of a file becomes one event, once. What is written of a file and
 * how far it was read move in one transaction, which compares file, attempt and position.
 */
import pg from 'pg';
import { copyPieces } from './copy.ts';
import type { Database, Pool } from './database.ts';
import { transaction } from './database.ts';
import { attemptIsStale } from './event-files.ts';
import type { Attempt } from './event-files.ts';
import { packColumns } from './event-pack.ts';
import type { EventPack } from './event-pack.ts';

export interface SetAsideRow {
  readonly line: number;
  /** Quotes nothing of the row. */
  readonly reason: string;
}

/** The header that holds from a record on. */
export interface ColumnsFrom {
  readonly fromLine: number;
  readonly columns: readonly string[];
}

/** Records of a file from after `from` to `to`. */
export interface Chunk {
  readonly from: number;
  readonly to: number;
  readonly bytesRead: number;
  readonly rows: EventPack;
  readonly setAside: readonly SetAsideRow[];
  readonly columns: readonly ColumnsFrom[];
}

/** Which rows of a chunk were really inserted. */
export interface Inserted {
  readonly count: number;
  has(line: number): boolean;
}

const uniqueViolation = '23505';

/**
 * Writes a chunk and moves the reading watermark.
 * @param expectsRepeats whether some rows are likely in the stream already: chunks of a file resemble each other
 * @param alsoWrite what else follows from the rows that were really inserted, in the same transaction
 * @returns whether a row of this line was really inserted: others are in the stream already
 * @throws ExpectedError NOT_NOW when another attempt has taken the file over
 */
export async function writeChunk(
  pool: Pool,
  attempt: Attempt,
  chunk: Chunk,
  expectsRepeats: boolean,
  alsoWrite?: (database: Database, inserted: Inserted) => Promise<void>,
): Promise<Inserted> {
  const { rows } = chunk;
  const write = (insert: typeof insertAllNew) =>
    transaction(pool, async (database) => {
      // First, so that a stale attempt stops here: what it would write is there already.
      await holdReading(database, attempt, chunk.from);
      const inserted = await insert(database, rows);
      await alsoWrite?.(database, inserted);
      await noteSetAside(database, attempt.fileId, chunk);
      await moveReading(database, attempt, chunk, inserted.count);
      return inserted;
    });
  if (expectsRepeats) return write(insertWhatIsNew);
  try {
    return await write(insertAllNew);
  } catch (error) {
    if (!(error instanceof pg.DatabaseError && error.code === uniqueViolation)) throw error;
    return write(insertWhatIsNew);
  }
}

// Both sorted by key: two files with the same events wait for each other instead of deadlocking, and neighbours
// in the index are written together.

/** The way of a file that nobody has delivered before: straight into the stream. */
async function insertAllNew(database: Database, rows: EventPack): Promise<Inserted> {
  await copyPieces(database, `responsys_events (${packColumns})`, rows.pieces(), 'binary');
  return { count: rows.size, has: () => true };
}

async function insertWhatIsNew(database: Database, rows: EventPack): Promise<Inserted> {
  await database.query('create temp table arriving (like responsys_events) on commit drop');
  await copyPieces(database, `arriving (${packColumns})`, rows.pieces(), 'binary');
  const inserted = await database.query<{ line: number }>(
    `insert into responsys_events (${packColumns})
     select ${packColumns} from arriving order by event_key, line
     on conflict (event_key) do nothing returning line`,
  );
  const lines = new Set(inserted.rows.map(({ line }) => line));
  return { count: lines.size, has: (line) => lines.has(line) };
}

async function noteSetAside(database: Database, fileId: number, { setAside, columns }: Chunk): Promise<void> {
  if (setAside.length > 0)
    await database.query(
      `insert into set_aside_events (file_id, line, reason) select $1, * from unnest($2::bigint[], $3::text[])`,
      [fileId, setAside.map(({ line }) => line), setAside.map(({ reason }) => reason)],
    );
  if (columns.length > 0)
    await database.query(
      `insert into event_columns (file_id, from_line, columns) select $1, * from unnest($2::bigint[], $3::text[])
       on conflict do nothing`,
      [
        fileId,
        columns.map(({ fromLine }) => fromLine),
        columns.map(({ columns: names }) => JSON.stringify(names)),
      ],
    );
}

/** Locks the file for this attempt, at this position. */
async function holdReading(database: Database, { fileId, attempt }: Attempt, from: number): Promise<void> {
  const { rowCount } = await database.query(
    `select 1 from event_files
      where id = $1 and attempt = $2 and read_to = $3 and state = 'reading' for no key update`,
    [fileId, attempt, from],
  );
  if (rowCount !== 1) throw attemptIsStale();
}

async function moveReading(
  database: Database,
  { fileId }: Attempt,
  chunk: Chunk,
  inserted: number,
): Promise<void> {
  await database.query(
    `update event_files
        set read_to = $2, bytes_read = $3, events = events + $4, repeated_rows = repeated_rows + $5,
            set_aside_rows = set_aside_rows + $6
      where id = $1`,
    [fileId, chunk.to, chunk.bytesRead, inserted, chunk.rows.size - inserted, chunk.setAside.length],
  );
}

/** An event as it stands in the stream. */
export interface StoredEvent {
  readonly line: number;
  readonly atMs: number;
  readonly columns: readonly string[];
  readonly values: readonly string[];
}

/** The events of a file after `from`, up to `to` and at most `limit`, in their order. */
export async function readEvents(
  database: Database,
  fileId: number,
  from: number,
  to: number,
  limit: number,
): Promise<readonly StoredEvent[]> {
  const { rows } = await database.query<{ line: number; at: Date; row: string }>(
    `select line, at, row from responsys_events
      where file_id = $1 and line > $2 and line <= $3 order by line limit $4`,
    [fileId, from, to, limit],
  );
  const headers = await database.query<{ fromLine: number; columns: string }>(
    `select from_line as "fromLine", columns from event_columns
      where file_id = $1 and from_line <= $3
        and from_line >= (select max(from_line) from event_columns where file_id = $1 and from_line <= $2 + 1)
      order by from_line`,
    [fileId, from, rows.at(-1)?.line ?? from],
  );
  const known = headers.rows.map(({ fromLine, columns }) => ({
    fromLine,
    columns: JSON.parse(columns) as string[],
  }));
  let at = 0;
  return rows.map(({ line, at: time, row }) => {
    while ((known[at + 1]?.fromLine ?? Infinity) <= line) at += 1;
    return {
      line,
      atMs: time.getTime(),
      columns: known[at]?.columns ?? [],
      values: JSON.parse(row) as string[],
    };
  });
}

export interface RejectedRow extends SetAsideRow {
  readonly path: string;
}

/** Rows of a job's files that were set aside. */
export async function readRejectedRows(
  database: Database,
  jobId: string,
  after: { readonly fileId: number; readonly line: number },
  limit: number,
): Promise<readonly (RejectedRow & { readonly fileId: number })[]> {
  const { rows } = await database.query<RejectedRow & { fileId: number }>(
    `select file_id as "fileId", path, line, set_aside_events.reason
       from set_aside_events join event_files on event_files.id = file_id
      where job_id = $1 and (file_id, line) > ($2, $3) order by file_id, line limit $4`,
    [jobId, after.fileId, after.line, limit],
  );
  return rows;
}
