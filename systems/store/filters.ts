/** Filters, run by PostgreSQL: on the fields of one row, which is a parameter itself. Nothing is written. */
import type { CompiledFilter } from '../../lql/filter/compile.ts';
import type { Database } from './database.ts';

/**
 * @param filter compiled with 2 as its first parameter
 * @returns undefined where the filter cannot be evaluated on the row
 */
export async function evaluateFilter(
  database: Database,
  filter: CompiledFilter,
  fields: unknown,
  nowMs: number,
): Promise<boolean | undefined> {
  const { rows } = await database.query<{ matched: boolean | null }>(
    `select ${filter.text} as matched from (select $1::jsonb as fields offset 0) as row`,
    [JSON.stringify(fields), ...filter.parametersAt(nowMs)],
  );
  return rows[0]?.matched ?? undefined;
}

/**
 * When a row's answer may next change by the clock alone.
 * @param filter compiled with 2 as its first parameter
 * @returns milliseconds since 1970; undefined for never
 */
export async function dueTimeOf(
  database: Database,
  { due }: CompiledFilter,
  fields: unknown,
  nowMs: number,
): Promise<number | undefined> {
  const { rows } = await database.query<{ seconds: string | null }>(
    `select ${due.text} as seconds from (select $1::jsonb as fields offset 0) as row`,
    [JSON.stringify(fields), ...due.parametersAt(nowMs)],
  );
  const seconds = rows[0]?.seconds;
  return typeof seconds === 'string' ? Number(seconds) * 1_000 : undefined;
}
