/**
 * A trial of a filter on one row: {"filter": …, "row": …, "now": ISO, "includes": {name: filter}}, evaluated
 * by the SQL that decides memberships. The answer tells a filter that cannot be read from one that cannot be
 * evaluated on this row.
 */
import { z } from 'zod';
import { ExpectedError, notValid } from '../../jobs/errors.ts';
import { compileFilter } from '../../lql/filter/compile.ts';
import type { Database } from '../../systems/store/database.ts';
import { evaluateFilter } from '../../systems/store/filters.ts';
import { readRow } from './row.ts';

const trialSchema = z.strictObject({
  filter: z.string(),
  row: z.record(z.string(), z.unknown()).default({}),
  now: z.iso.datetime({ offset: true }).optional(),
  includes: z.record(z.string(), z.string()).default({}),
});

export type Trial = z.infer<typeof trialSchema>;

export interface TrialResult {
  readonly ok: boolean;
  /** Null where ok is false: the row is then no member. */
  readonly matched: boolean | null;
  /** parse: the filter or the row cannot be read. eval: the filter cannot be evaluated on the row. */
  readonly error?: 'parse' | 'eval';
  readonly message?: string;
}

/** @throws ExpectedError INPUT_NOT_VALID for a line that is no trial */
export function readTrial(line: string, name: string): Trial {
  let given: unknown;
  try {
    given = JSON.parse(line);
  } catch {
    throw notValid(name, 'is not JSON');
  }
  const read = trialSchema.safeParse(given);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw notValid([name, ...(issue?.path ?? [])].join(', '), issue?.message ?? 'is no trial');
}

export async function runTrial(database: Database, trial: Trial): Promise<TrialResult> {
  const nowMs = trial.now === undefined ? Date.now() : Date.parse(trial.now);
  try {
    const { fields, fieldTypes } = readRow(trial.row, nowMs);
    const includes = (name: string): string | undefined =>
      Object.hasOwn(trial.includes, name) ? trial.includes[name] : undefined;
    const filter = compileFilter(trial.filter, { fieldTypes, includes, firstParameter: 2 });
    const matched = await evaluateFilter(database, filter, fields, nowMs);
    if (matched !== undefined) return { ok: true, matched };
    return { ok: false, matched: null, error: 'eval', message: 'the filter cannot be evaluated on this row' };
  } catch (error) {
    if (!(error instanceof ExpectedError)) throw error;
    return { ok: false, matched: null, error: 'parse', message: error.message };
  }
}
