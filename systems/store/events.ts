/**
 * The stream `responsys_events`: every row of a file becomes one event, once. What is written of a file and
 * how far it was read move in one transaction, which compares file, attempt and position.
 */
import pg from 'pg';
import { copyCell, copyInto, copyLines } from './copy.ts';
import type { Database, Pool } from './database.ts';
import { transaction } from './database.ts';
import { attemptIsStale } from './event-files.ts';
import type { Attempt } from './event-files.ts';

export interface EventRow {
  readonly line: number;
  /** 32 hex digits. */
  readonly key: string;
  readonly atMs: number;
  /** Its values in the order of its file's columns, as JSON: what many rows wait as is one text each. */
  readonly row: string;
}

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
export interface Chunk<Row extends EventRow = EventRow> {
  readonly from: number;
  readonly to: number;
  readonly bytesRead: number;
  readonly rows: readonly Row[];
  readonly setAside: readonly SetAsideRow[];
  readonly columns: readonly ColumnsFrom[];
}

const uniqueViolation = '23505';

/**
 * Writes a chunk and moves the reading watermark.
 * @param expectsRepeats whether some rows are likely in the stream already: chunks of a file resemble each other
 * @param alsoWrite what else follows from the rows that were really inserted, in the same transaction
 * @returns the rows that were really inserted: others are in the stream already
 * @throws ExpectedError NOT_NOW when another attempt has taken the file over
 */
export async function writeChunk<Row extends EventRow>(
  pool: Pool,
  attempt: Attempt,
  chunk: Chunk<Row>,
  expectsRepeats: boolean,
  alsoWrite?: (database: Database, inserted: readonly Row[]) => Promise<void>,
): Promise<readonly Row[]> {
  const rows = sortedByKey(chunk.rows);
  const write = (insert: typeof insertAllNew<Row>) =>
    transaction(pool, async (database) => {
      // First, so that a stale attempt stops here: what it would write is there already.
      await holdReading(database, attempt, chunk.from);
      const inserted = await insert(database, attempt, rows);
      await alsoWrite?.(database, inserted);
      await noteSetAside(database, attempt.fileId, chunk);
      await moveReading(database, attempt, chunk, inserted.length);
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

/**
 * Two files with the same events, each sorted, wait for each other instead of deadlocking; and neighbours in the
 * index are written together. By the first 36 bits of the keys, which numbers sort by, with the rows' places
 * behind them: texts would be compared fifteen times a row.
 */
function sortedByKey<Row extends EventRow>(rows: readonly Row[]): readonly Row[] {
  const digits = 9;
  const places = 2 ** (53 - digits * 4);
  const inOrder = (one: Row, other: Row): number => (one.key < other.key ? -1 : 1);
  if (rows.length > places) return rows.toSorted(inOrder);
  const order = Float64Array.from(
    rows,
    ({ key }, place) => Number.parseInt(key.slice(0, digits), 16) * places + place,
  ).sort();
  const sorted: Row[] = [];
  for (const one of order) {
    const row = rows[one % places];
    if (row !== undefined) sorted.push(row);
  }
  // Of keys that begin alike, the rest decides.
  for (let at = 1; at < sorted.length; at++) {
    const [before, here] = [sorted[at - 1], sorted[at]];
    if (before !== undefined && here !== undefined && before.key > here.key) return sorted.sort(inOrder);
  }
  return sorted;
}

/** The way of a file that nobody has delivered before: straight into the stream. */
async function insertAllNew<Row extends EventRow>(
  database: Database,
  { fileId, accountId, eventType }: Attempt,
  rows: readonly Row[],
): Promise<readonly Row[]> {
  const timeText = openTimeTexts();
  const middle = `\t${fileId}\t`;
  const kind = `\t${copyCell(accountId)}\t${copyCell(eventType.toLowerCase())}\t`;
  await copyLines(
    database,
    'responsys_events (event_key, file_id, line, account_id, event, at, row)',
    map(rows, (row) => row.key + middle + row.line + kind + timeText(row.atMs) + '\t' + copyCell(row.row)),
  );
  return rows;
}

async function insertWhatIsNew<Row extends EventRow>(
  database: Database,
  { fileId, accountId, eventType }: Attempt,
  rows: readonly Row[],
): Promise<readonly Row[]> {
  const timeText = openTimeTexts();
  await database.query(
    'create temp table arriving (event_key uuid, line bigint, at timestamptz, row text) on commit drop',
  );
  await copyInto(
    database,
    'arriving (event_key, line, at, row)',
    map(rows, (row) => [row.key, row.line, timeText(row.atMs), row.row]),
  );
  const inserted = await database.query<{ line: number }>(
    `insert into responsys_events (event_key, file_id, line, account_id, event, at, row)
     select event_key, $1, line, $2, $3, at, row from arriving order by event_key, line
     on conflict (event_key) do nothing returning line`,
    [fileId, accountId, eventType.toLowerCase()],
  );
  const lines = new Set(inserted.rows.map(({ line }) => line));
  return rows.filter((row) => lines.has(row.line));
}

const dayMs = 24 * 60 * 60_000;
const mostDays = 1_000;
const twoDigits = Array.from({ length: 60 }, (_, value) => String(value).padStart(2, '0'));

/** Times as ISO has them. The days of a file are few, and each takes longer to be written than an hour of it. */
function openTimeTexts(): (atMs: number) => string {
  const days = new Map<number, string>();
  return (atMs) => {
    const day = Math.floor(atMs / dayMs);
    let text = days.get(day);
    if (text === undefined) {
      if (days.size === mostDays) days.clear();
      days.set(day, (text = new Date(day * dayMs).toISOString().slice(0, -'00:00:00.000Z'.length)));
    }
    const inDay = atMs - day * dayMs;
    const seconds = Math.floor(inDay / 1_000);
    const [hour = '', minute = '', second = ''] = [
      twoDigits[Math.floor(seconds / 3_600)],
      twoDigits[Math.floor(seconds / 60) % 60],
      twoDigits[seconds % 60],
    ];
    const ms = inDay % 1_000;
    return `${text}${hour}:${minute}:${second}${ms === 0 ? '' : `.${String(ms).padStart(3, '0')}`}Z`;
  };
}

function* map<From, To>(all: Iterable<From>, change: (one: From) => To): Generator<To> {
  for (const one of all) yield change(one);
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
    [fileId, chunk.to, chunk.bytesRead, inserted, chunk.rows.length - inserted, chunk.setAside.length],
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
