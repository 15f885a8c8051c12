/**
 * Import jobs: their configuration, and state for lists. Labels are unique over all kinds of job.
 */
import { ExpectedError } from '../../jobs/errors.ts';
import type { ImportActivityConfiguration } from '../../jobs/import-activity.ts';
import type { Database } from './database.ts';
import { insertJob } from './jobs.ts';
import type { JobState } from './jobs.ts';

export interface ImportJob {
  readonly id: string;
  readonly label: string;
  readonly description: string;
  readonly authorizationId: string;
  readonly configuration: ImportActivityConfiguration;
  readonly state: JobState;
  readonly stateReason: string;
  readonly lastError: string | null;
  readonly createdAt: Date;
  /** Changes with the configuration. */
  readonly revision: string;
}

const columns = `id, label, description, authorization_id as "authorizationId", configuration, state,
  state_reason as "stateReason", last_error as "lastError", created_at as "createdAt", revision`;

/** @throws ExpectedError CONFLICT when the label is taken */
export async function addImportJob(
  database: Database,
  id: string,
  authorizationId: string,
  configuration: ImportActivityConfiguration,
): Promise<void> {
  await insertJob(database, 'import-activity', { id, authorizationId, configuration });
}

/** @param name its label or its id. @throws ExpectedError NOT_FOUND */
export async function findImportJob(database: Database, name: string): Promise<ImportJob> {
  const job = (await readImportJobs(database, name))[0];
  if (job === undefined) throw new ExpectedError('NOT_FOUND', `job: there is no import called "${name}".`);
  return job;
}

/** All of them, or those of this label or id. */
export async function readImportJobs(database: Database, name?: string): Promise<readonly ImportJob[]> {
  const { rows } = await database.query<ImportJob>(
    `select ${columns} from jobs
      where kind = 'import-activity' and ($1::text is null or id = $1 or label = $1)
      order by (id = $1) desc, created_at`,
    [name ?? null],
  );
  return rows;
}

/**
 * Gives a job that is there another configuration: its workflow learns of it at its next step.
 * @param revision the id of the one that it becomes
 * @returns false, and nothing changed, where it is of another revision by now, or has ended
 */
export async function changeImport(
  database: Database,
  { id, revision: known }: Pick<ImportJob, 'id' | 'revision'>,
  revision: string,
  configuration: ImportActivityConfiguration,
): Promise<boolean> {
  const { rowCount } = await database.query(
    `update jobs set configuration = $4, description = $5, revision = $3, updated_at = now()
      where id = $1 and revision = $2 and state not in ('stopped', 'failed')`,
    [id, known, revision, configuration, configuration.description],
  );
  return rowCount === 1;
}

/**
 * Takes up a job that has ended, with this configuration; it is then `starting`.
 * @param revision the id of the one that it becomes
 * @returns false, and nothing changed, where it is of another revision by now, or has not ended
 */
export async function restartImport(
  database: Database,
  { id, revision: known }: Pick<ImportJob, 'id' | 'revision'>,
  revision: string,
  configuration: ImportActivityConfiguration,
): Promise<boolean> {
  const { rowCount } = await database.query(
    `update jobs set configuration = $4, description = $5, revision = $3, updated_at = now(),
        state = 'starting', state_reason = '', last_error = null
      where id = $1 and revision = $2 and state in ('stopped', 'failed')`,
    [id, known, revision, configuration, configuration.description],
  );
  return rowCount === 1;
}
