/**
 * Changes of a job's configuration: configuration, plan and audiences move in one transaction, and only from
 * the revision that was known to whoever changes them.
 */
import type { ExportAudienceConfiguration } from '../../jobs/export-audience.ts';
import type { ExportPlan } from '../../jobs/export-plan.ts';
import { findAuthorization } from './authorizations.ts';
import type { Database, Pool } from './database.ts';
import { transaction } from './database.ts';
import { addJobAudiences, findJob } from './jobs.ts';
import type { Job, JobState } from './jobs.ts';

/** The job of exactly this label. */
export async function findLabelledJob(database: Database, label: string): Promise<Job | undefined> {
  const { rows } = await database.query<{ id: string }>('select id from jobs where label = $1', [label]);
  return rows[0] === undefined ? undefined : findJob(database, rows[0].id);
}

/** A job's configuration, with its authorization's label as it is by now. */
export async function configurationNow(database: Database, job: Job): Promise<ExportAudienceConfiguration> {
  const { label } = await findAuthorization(database, job.authorizationId);
  return { ...job.configuration, authorization: label };
}

export interface Revision {
  readonly jobId: string;
  /** The revision that is changed. */
  readonly from: string;
  /** The id of the one that it becomes. */
  readonly to: string;
  readonly configuration: ExportAudienceConfiguration;
  readonly plan: ExportPlan | null;
  readonly sourceAudienceId: string;
  readonly exportedAudienceIds: readonly string[];
}

/** @returns false, and nothing changed, where the job is of another revision by now */
export const saveRevision = (pool: Pool, revision: Revision): Promise<boolean> =>
  transaction(pool, (database) => changeJob(database, revision, 'state = state', []));

/** The same for a job that has ended, which is then `starting`. @returns false where it has not ended */
export const restartRevision = (pool: Pool, revision: Revision): Promise<boolean> =>
  transaction(pool, (database) =>
    changeJob(database, revision, "state = 'starting', state_reason = '', last_error = null", [
      'stopped',
      'failed',
    ]),
  );

async function changeJob(
  database: Database,
  revision: Revision,
  also: string,
  onlyIn: readonly JobState[],
): Promise<boolean> {
  const { jobId, from, to, configuration, plan } = revision;
  const { rowCount } = await database.query(
    `update jobs set configuration = $4, description = $5, plan = $6, revision = $3, updated_at = now(), ${also}
      where id = $1 and revision = $2 and (state = any($7::text[]) or $7 = '{}')`,
    [jobId, from, to, configuration, configuration.description, plan, onlyIn],
  );
  if (rowCount !== 1) return false;
  await database.query('delete from job_audiences where job_id = $1', [jobId]);
  await addJobAudiences(database, jobId, revision.sourceAudienceId, revision.exportedAudienceIds);
  return true;
}
