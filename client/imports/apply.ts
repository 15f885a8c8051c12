/**
 * Makes an import as its file says, and the same however often it is asked: the label is the job. Its
 * configuration changes only while it is stopped, so that no file is read half one way and half another.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { ExpectedError } from '../../jobs/errors.ts';
import type { ImportActivityConfiguration } from '../../jobs/import-activity.ts';
import { fixedImportFaults, importDifferences } from '../../jobs/import-reconfiguration.ts';
import type { ImportDifference } from '../../jobs/import-reconfiguration.ts';
import { importActivityWorkflowId } from '../../jobs/job-id.ts';
import { findAuthorization } from '../../systems/store/authorizations.ts';
import { findImportJob, readImportJobs, restartImport } from '../../systems/store/import-jobs.ts';
import type { ImportJob } from '../../systems/store/import-jobs.ts';
import type { Context } from '../context.ts';
import { isRunning } from '../jobs/apply.ts';
import { refuseFaults } from '../jobs/plan.ts';
import type { Outcome } from '../kinds/applied.ts';
import { planImport } from './plan.ts';
import { launchImport, startNewImport } from './start.ts';

/** How long a job that says it has stopped may take to end. */
const endsWithinMs = 30_000;

export interface AppliedImport {
  readonly outcome: Exclude<Outcome, 'changed'>;
  readonly job: ImportJob;
  readonly differences: readonly ImportDifference[];
}

/** @param agree asked before a job that is there is changed */
export async function applyImport(
  context: Context,
  configuration: ImportActivityConfiguration,
  agree: (differences: readonly ImportDifference[]) => Promise<boolean>,
): Promise<AppliedImport> {
  const [store, temporal] = [await context.store(), await context.temporal()];
  const { label } = configuration;
  const job = (await readImportJobs(store, label)).find((one) => one.label === label);
  if (job === undefined)
    return { outcome: 'started', job: await startNewImport(store, temporal, configuration), differences: [] };
  const authorization = (await findAuthorization(store, job.authorizationId)).label;
  const differences = importDifferences({ ...job.configuration, authorization }, configuration);
  const fixed = fixedImportFaults(differences);
  if (fixed.length > 0)
    throw new ExpectedError('CHANGE_REFUSED', fixed.map((fault) => `${fault}.`).join('\n'));
  if (job.state !== 'stopped' && job.state !== 'failed') {
    // Whoever was to launch it may have been cut off before.
    if (job.state === 'starting') await launchImport(store, temporal, job);
    if (differences.length === 0) return { outcome: 'unchanged', job, differences };
    const fields = differences.map(({ field }) => field).join(', ');
    throw new ExpectedError(
      'NOT_NOW',
      `"${label}" is ${job.state}; an import is changed while it is stopped (${fields}): "jobs stop", then apply again.`,
    );
  }
  refuseFaults((await planImport(context, configuration)).faults);
  if (differences.length > 0 && !(await agree(differences)))
    return { outcome: 'unchanged', job, differences };
  await untilEnded(temporal, job.id);
  if (!(await restartImport(store, job, randomUUID(), configuration)))
    throw new ExpectedError('CONFLICT', 'The job was changed by somebody else meanwhile; apply again.');
  await launchImport(store, temporal, await findImportJob(store, job.id));
  return { outcome: 'started-again', job: await findImportJob(store, job.id), differences };
}

/** A job writes down that it has stopped a moment before its workflow ends. @throws ExpectedError NOT_NOW */
async function untilEnded(temporal: Client, jobId: string): Promise<void> {
  const handle = temporal.workflow.getHandle(importActivityWorkflowId(jobId));
  const until = Date.now() + endsWithinMs;
  while (await isRunning(handle)) {
    if (Date.now() > until)
      throw new ExpectedError('NOT_NOW', 'The job is still stopping; apply again when it has ended.');
    await wait(200);
  }
}
