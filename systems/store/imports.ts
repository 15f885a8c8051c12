/**
 * Files of people that were brought into an audience: how many of their lines were taken, and which were set
 * aside why. Of the lines themselves nothing is kept.
 */
import type { Database } from './database.ts';

export interface SetAsideLine {
  readonly line: number;
  /** Quotes nothing of the line. */
  readonly reason: string;
}

export interface AudienceImport {
  readonly id: string;
  readonly file: string;
  readonly lines: number;
  readonly taken: number;
  readonly setAside: number;
  readonly startedAt: Date;
  /** Null where it broke off, or still runs. */
  readonly endedAt: Date | null;
}

/** @returns the import's id */
export async function beginImport(database: Database, audienceId: string, fileName: string): Promise<string> {
  const { rows } = await database.query<{ id: string }>(
    'insert into audience_imports (audience_id, file_name) values ($1, $2) returning id',
    [audienceId, fileName],
  );
  const [row] = rows;
  if (row === undefined) throw new Error('The import that was just begun is gone.');
  return row.id;
}

export async function noteSetAside(
  database: Database,
  importId: string,
  lines: readonly SetAsideLine[],
): Promise<void> {
  if (lines.length === 0) return;
  await database.query(
    `insert into set_aside_lines (import_id, line, reason) select $1, * from unnest($2::bigint[], $3::text[])
     on conflict do nothing`,
    [importId, lines.map(({ line }) => line), lines.map(({ reason }) => reason)],
  );
}

export async function endImport(
  database: Database,
  importId: string,
  counts: { readonly lines: number; readonly taken: number; readonly setAside: number },
): Promise<void> {
  await database.query(
    'update audience_imports set lines = $2, taken = $3, set_aside = $4, ended_at = now() where id = $1',
    [importId, counts.lines, counts.taken, counts.setAside],
  );
}

/** The last ten, the newest first. */
export async function recentImports(
  database: Database,
  audienceId: string,
): Promise<readonly AudienceImport[]> {
  const { rows } = await database.query<AudienceImport>(
    `select id, file_name as file, lines, taken, set_aside as "setAside", started_at as "startedAt",
            ended_at as "endedAt"
       from audience_imports where audience_id = $1 order by started_at desc limit 10`,
    [audienceId],
  );
  return rows;
}
