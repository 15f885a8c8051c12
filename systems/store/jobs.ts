/**
 * Jobs: their configuration, what the check against the account settled, and their state for lists.
 */
import pg from 'pg';
import type { ExportAudienceConfiguration } from '../../jobs/export-audience.ts';
import type { ExportPlan } from '../../jobs/export-plan.ts';
import { ExpectedError } from '../../jobs/errors.ts';
import type { ExportState } from '../../jobs/messages.ts';
import type { Database } from './database.ts';

export type JobState = 'starting' | ExportState | 'stopped' | 'failed';

export interface Job {
  readonly id: string;
  readonly kind: 'export-audience';
  readonly label: string;
  readonly description: string;
  readonly authorizationId: string;
  readonly configuration: ExportAudienceConfiguration;
  readonly plan: ExportPlan | null;
  readonly state: JobState;
  readonly stateReason: string;
  readonly lastError: string | null;
  readonly lastErrorAt: Date | null;
  readonly createdAt: Date;
  /** Changes with the configuration. */
  readonly revision: string;
}

const columns = `id, kind, label, description, authorization_id as "authorizationId", configuration, plan, state,
  state_reason as "stateReason", last_error as "lastError", last_error_at as "lastErrorAt", created_at as "createdAt", revision`;

export interface NewJob {
  readonly id: string;
  readonly configuration: ExportAudienceConfiguration;
  readonly authorizationId: string;
  readonly sourceAudienceId: string;
  readonly exportedAudienceIds: readonly string[];
}

/** A job of whichever kind. @throws ExpectedError CONFLICT when the label is taken, by a job of any kind */
export async function insertJob(
  database: Database,
  kind: string,
  job: {
    readonly id: string;
    readonly authorizationId: string;
    readonly configuration: { readonly label: string; readonly description: string };
  },
): Promise<void> {
  const { label, description } = job.configuration;
  try {
    await database.query(
      `insert into jobs (id, kind, label, description, authorization_id, configuration)
       values ($1, $2, $3, $4, $5, $6)`,
      [job.id, kind, label, description, job.authorizationId, job.configuration],
    );
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code === '23505')
      throw new ExpectedError('CONFLICT', `label: a job called "${label}" exists; see "jobs show".`);
    throw error;
  }
}

/** @throws ExpectedError CONFLICT when the label is taken */
export async function addJob(database: Database, job: NewJob): Promise<void> {
  await insertJob(database, 'export-audience', job);
  await addJobAudiences(database, job.id, job.sourceAudienceId, job.exportedAudienceIds);
}

export async function addJobAudiences(
  database: Database,
  jobId: string,
  sourceId: string,
  exportedIds: readonly string[],
): Promise<void> {
  await database.query(
    `insert into job_audiences (job_id, audience_id, is_source)
     select $1, id, id = $2::uuid from unnest($3::uuid[]) as id`,
    [jobId, sourceId, [...new Set([sourceId, ...exportedIds])]],
  );
}

/** @param name its label or its id. @throws ExpectedError NOT_FOUND */
export async function findJob(database: Database, name: string): Promise<Job> {
  const { rows } = await database.query<Job>(
    `select ${columns} from jobs where id = $1 or label = $1 order by (id = $1) desc limit 1`,
    [name],
  );
  const [job] = rows;
  if (job === undefined) throw new ExpectedError('NOT_FOUND', `job: there is none called "${name}".`);
  const kind: string = job.kind;
  if (kind !== 'export-audience')
    throw new ExpectedError('NOT_NOW', `job: "${name}" is of the kind ${kind}, and no export-audience.`);
  return job;
}

/** Of which kind the job of this label or id is; undefined where there is none. */
export async function kindOfJob(database: Database, name: string): Promise<string | undefined> {
  const { rows } = await database.query<{ kind: string }>(
    'select kind from jobs where id = $1 or label = $1 order by (id = $1) desc limit 1',
    [name],
  );
  return rows[0]?.kind;
}

/** All exports. */
export async function listJobs(database: Database): Promise<readonly Job[]> {
  const { rows } = await database.query<Job>(
    `select ${columns} from jobs where kind = 'export-audience' order by created_at`,
  );
  return rows;
}

export async function setJobState(
  database: Database,
  jobId: string,
  state: JobState,
  reason: string,
): Promise<void> {
  await database.query('update jobs set state = $2, state_reason = $3, updated_at = now() where id = $1', [
    jobId,
    state,
    reason,
  ]);
}

export async function hasEnded(database: Database, jobId: string): Promise<boolean> {
  const { rowCount } = await database.query(
    "select 1 from jobs where id = $1 and state in ('stopped', 'failed')",
    [jobId],
  );
  return rowCount === 1;
}

/** The jobs that call Responsys by an authorization, and have not ended. */
export async function livingJobsOf(
  database: Database,
  authorizationId: string,
): Promise<readonly { readonly id: string; readonly kind: string }[]> {
  const { rows } = await database.query<{ id: string; kind: string }>(
    `select id, kind from jobs
      where authorization_id = $1 and state not in ('stopped', 'failed') and kind <> 'import-activity'
      order by created_at`,
    [authorizationId],
  );
  return rows;
}

/** Lets a job that was refused before its first send keep its line, and another have its label. */
export async function freeLabel(database: Database, jobId: string): Promise<void> {
  await database.query(
    `update jobs set label = label || ' (refused ' || id || ')'
      where id = $1 and label not like '% (refused ' || id || ')'`,
    [jobId],
  );
}

export async function savePlan(database: Database, jobId: string, plan: ExportPlan): Promise<void> {
  await database.query('update jobs set plan = $2, updated_at = now() where id = $1', [jobId, plan]);
}

/** @param message in the reader's words, without anybody's data; null when sending works again */
export async function setLastError(database: Database, jobId: string, message: string | null): Promise<void> {
  await database.query(
    `update jobs set last_error = $2, last_error_at = case when $2::text is null then null else now() end
      where id = $1 and last_error is distinct from $2`,
    [jobId, message],
  );
}

/** The audiences whose changes concern a job, and which of them is its source. */
export async function audiencesOfJob(
  database: Database,
  jobId: string,
): Promise<readonly { readonly id: string; readonly isSource: boolean }[]> {
  const { rows } = await database.query<{ id: string; isSource: boolean }>(
    'select audience_id as id, is_source as "isSource" from job_audiences where job_id = $1',
    [jobId],
  );
  return rows;
}
