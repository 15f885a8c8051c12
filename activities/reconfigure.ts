/**
 * Gives a job another configuration: checks it against the account where columns or tables are concerned,
 * makes the tables that it takes, and then changes the store in one transaction. Refused, it changes nothing.
 */
import { needsCheck } from '../jobs/change-effects.ts';
import { ExpectedError } from '../jobs/errors.ts';
import type { Reconfiguration } from '../jobs/messages.ts';
import { differencesOf, fixedFaults } from '../jobs/reconfiguration.ts';
import type { Responsys } from '../systems/responsys/index.ts';
import type { Pool } from '../systems/store/database.ts';
import { configurationNow, saveRevision } from '../systems/store/job-configuration.ts';
import type { Job } from '../systems/store/jobs.ts';
import { findNamedAudiences, planAgainstAccount } from './account-planning.ts';
import { makeTable } from './make-table.ts';

export interface Reconfigured {
  /** False where the job had this configuration already, by somebody else. */
  readonly changed: boolean;
}

export async function reconfigure(
  store: Pool,
  connect: () => Promise<Responsys>,
  job: Job,
  { configuration, from, to }: Reconfiguration,
  signal: AbortSignal,
): Promise<Reconfigured> {
  // This very step has run before, and its end was not heard of.
  if (job.revision === to) return { changed: true };
  const differences = differencesOf(await configurationNow(store, job), configuration);
  if (differences.length === 0) return { changed: false };
  if (job.revision !== from) throw changedMeanwhile();
  refuse('CHANGE_REFUSED', fixedFaults(differences));
  const { source, exported, faults } = await findNamedAudiences(store, configuration);
  refuse('NOT_FOUND', faults);
  if (source === undefined) throw new Error('An audience is neither there nor missing.');
  let { plan } = job;
  if (needsCheck(differences)) {
    const responsys = await connect();
    const asked = { jobId: job.id, configuration, source, exported };
    const planning = await planAgainstAccount(store, responsys, asked, signal);
    refuse('CONFIGURATION_REFUSED', planning.faults);
    for (const table of planning.newTables) await makeTable(responsys, configuration.list, table, signal);
    ({ plan } = planning);
  }
  const saved = await saveRevision(store, {
    jobId: job.id,
    from,
    to,
    configuration,
    plan,
    sourceAudienceId: source.id,
    exportedAudienceIds: exported.map(({ id }) => id),
  });
  if (!saved) throw changedMeanwhile();
  return { changed: true };
}

/** @throws ExpectedError where there is any fault */
export function refuse(
  code: 'CHANGE_REFUSED' | 'NOT_FOUND' | 'CONFIGURATION_REFUSED',
  faults: readonly string[],
): void {
  if (faults.length > 0) throw new ExpectedError(code, faults.map((fault) => `${fault}.`).join('\n'));
}

export const changedMeanwhile = (): ExpectedError =>
  new ExpectedError(
    'CONFLICT',
    'The job was changed by somebody else meanwhile: look at the difference again.',
  );
