/**
 * Campaign jobs: their configuration, what the check against the account settled, and state for lists. Labels
 * are unique over all kinds of job. Every audience of a campaign job is its source.
 */
import type { CampaignPlan } from '../../jobs/campaign-plan.ts';
import { ExpectedError } from '../../jobs/errors.ts';
import type { ExportCampaignConfiguration } from '../../jobs/export-campaign.ts';
import { findAuthorization } from './authorizations.ts';
import type { Database, Pool } from './database.ts';
import { transaction } from './database.ts';
import { insertJob } from './jobs.ts';
import type { JobState } from './jobs.ts';

export interface CampaignJob {
  readonly id: string;
  readonly label: string;
  readonly description: string;
  readonly authorizationId: string;
  readonly configuration: ExportCampaignConfiguration;
  /** Null until the job has been checked. */
  readonly plan: CampaignPlan | null;
  readonly state: JobState;
  readonly stateReason: string;
  readonly lastError: string | null;
  readonly lastErrorAt: Date | null;
  readonly createdAt: Date;
  /** Changes with the configuration. */
  readonly revision: string;
}

const columns = `id, label, description, authorization_id as "authorizationId", configuration, plan, state,
  state_reason as "stateReason", last_error as "lastError", last_error_at as "lastErrorAt",
  created_at as "createdAt", revision`;

export interface NewCampaignJob {
  readonly id: string;
  readonly configuration: ExportCampaignConfiguration;
  readonly authorizationId: string;
  readonly audienceIds: readonly string[];
}

/** @throws ExpectedError CONFLICT when the label is taken */
export async function addCampaignJob(database: Database, job: NewCampaignJob): Promise<void> {
  await insertJob(database, 'export-campaign', job);
  await addSources(database, job.id, job.audienceIds);
}

async function addSources(database: Database, jobId: string, audienceIds: readonly string[]): Promise<void> {
  await database.query(
    `insert into job_audiences (job_id, audience_id, is_source)
     select $1, id, true from unnest($2::uuid[]) as id`,
    [jobId, [...new Set(audienceIds)]],
  );
}

/** @param name its label or its id. @throws ExpectedError NOT_FOUND */
export async function findCampaignJob(database: Database, name: string): Promise<CampaignJob> {
  const job = (await readCampaignJobs(database, name))[0];
  if (job === undefined)
    throw new ExpectedError('NOT_FOUND', `job: there is no campaign job called "${name}".`);
  return job;
}

/** All of them, or those of this label or id. */
export async function readCampaignJobs(database: Database, name?: string): Promise<readonly CampaignJob[]> {
  const { rows } = await database.query<CampaignJob>(
    `select ${columns} from jobs
      where kind = 'export-campaign' and ($1::text is null or id = $1 or label = $1)
      order by (id = $1) desc, created_at`,
    [name ?? null],
  );
  return rows;
}

/** A job's configuration, with its authorization's label as it is by now. */
export async function campaignConfigurationNow(
  database: Database,
  job: CampaignJob,
): Promise<ExportCampaignConfiguration> {
  const { label } = await findAuthorization(database, job.authorizationId);
  return { ...job.configuration, authorization: label };
}

export async function saveCampaignPlan(database: Database, jobId: string, plan: CampaignPlan): Promise<void> {
  await database.query('update jobs set plan = $2, updated_at = now() where id = $1', [jobId, plan]);
}

export interface CampaignRevision {
  readonly jobId: string;
  /** The revision that is changed. */
  readonly from: string;
  /** The id of the one that it becomes. */
  readonly to: string;
  readonly configuration: ExportCampaignConfiguration;
  readonly plan: CampaignPlan | null;
  readonly audienceIds: readonly string[];
}

/**
 * Gives a job that is there another configuration.
 * @returns false, and nothing changed, where it is of another revision by now, or has ended
 */
export const saveCampaignRevision = (pool: Pool, revision: CampaignRevision): Promise<boolean> =>
  change(pool, revision, 'state = state', false);

/** The same for a job that has ended, which is then `starting`. @returns false where it has not ended */
export const restartCampaignRevision = (pool: Pool, revision: CampaignRevision): Promise<boolean> =>
  change(pool, revision, "state = 'starting', state_reason = '', last_error = null", true);

const change = (pool: Pool, revision: CampaignRevision, also: string, hasEnded: boolean): Promise<boolean> =>
  transaction(pool, async (database) => {
    const { jobId, from, to, configuration, plan, audienceIds } = revision;
    const { rowCount } = await database.query(
      `update jobs set configuration = $4, description = $5, plan = $6, revision = $3, updated_at = now(), ${also}
        where id = $1 and revision = $2 and (state in ('stopped', 'failed')) = $7`,
      [jobId, from, to, configuration, configuration.description, plan, hasEnded],
    );
    if (rowCount !== 1) return false;
    await database.query('delete from job_audiences where job_id = $1', [jobId]);
    await addSources(database, jobId, audienceIds);
    return true;
  });
