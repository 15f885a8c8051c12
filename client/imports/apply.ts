/**
 * Makes an import as its file says, and the same however often it is asked: the label is the job. What is
 * changed holds from the next file on: one that is begun is read to its end as it was begun.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import type { WorkflowHandle } from '@temporalio/client';
import { fieldsOfMapping, readMapping } from '../../activities/importing/lql-mapping.ts';
import { ExpectedError } from '../../jobs/errors.ts';
import type { ImportActivityConfiguration } from '../../jobs/import-activity.ts';
import { fixedImportFaults, importDifferences } from '../../jobs/import-reconfiguration.ts';
import type { ImportDifference } from '../../jobs/import-reconfiguration.ts';
import { pollUpdate } from '../../jobs/import-messages.ts';
import { importActivityWorkflowId } from '../../jobs/job-id.ts';
import { findAuthorization } from '../../systems/store/authorizations.ts';
import {
  changeImport,
  findImportJob,
  readImportJobs,
  restartImport,
} from '../../systems/store/import-jobs.ts';
import type { ImportJob } from '../../systems/store/import-jobs.ts';
import { setJobState } from '../../systems/store/jobs.ts';
import { addUserFields } from '../../systems/store/user-fields.ts';
import type { Context } from '../context.ts';
import { refuseFaults } from '../kinds/account-checks.ts';
import type { Applied } from '../kinds/applied.ts';
import { isRunning } from '../kinds/apply.ts';
import { planImport } from './plan.ts';
import { launchImport, startNewImport } from './start.ts';

/** How long a job that says it has stopped may take to end. */
const endsWithinMs = 30_000;

type AppliedImport = Applied<ImportJob, ImportDifference>;

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
  // Whoever was to launch it may have been cut off before.
  if (job.state === 'starting') await launchImport(store, temporal, job);
  const handle = temporal.workflow.getHandle(importActivityWorkflowId(job.id));
  if (job.state !== 'stopped' && job.state !== 'failed') {
    if (await isRunning(handle)) return change(context, handle, job, configuration, differences, agree);
    // Terminated from outside, where nobody could write it down.
    await setJobState(store, job.id, 'failed', 'Its workflow is no longer running.');
  }
  refuseFaults((await planImport(context, configuration)).faults);
  if (differences.length > 0 && !(await agree(differences)))
    return { outcome: 'unchanged', job, differences };
  await untilEnded(handle);
  if (!(await restartImport(store, job, randomUUID(), configuration))) throw changedByAnother();
  await launchImport(store, temporal, await findImportJob(store, job.id));
  return { outcome: 'started-again', job: await findImportJob(store, job.id), differences };
}

async function change(
  context: Context,
  handle: WorkflowHandle,
  job: ImportJob,
  configuration: ImportActivityConfiguration,
  differences: readonly ImportDifference[],
  agree: (differences: readonly ImportDifference[]) => Promise<boolean>,
): Promise<AppliedImport> {
  const unchanged = { outcome: 'unchanged', job, differences } as const;
  if (job.state === 'stopping')
    throw new ExpectedError('NOT_NOW', 'The job is stopping; apply again when it has ended.');
  if (differences.length === 0) return unchanged;
  refuseFaults((await planImport(context, configuration)).faults);
  if (!(await agree(differences))) return unchanged;
  const store = await context.store();
  await addUserFields(store, fieldsOfMapping(readMapping(configuration.mapping)));
  if (!(await changeImport(store, job, randomUUID(), configuration))) throw changedByAnother();
  // At once, where it looks at all: one that is paused or parked learns of it when it is resumed.
  await handle.executeUpdate(pollUpdate).catch((error: unknown) => {
    if (!(error instanceof WorkflowUpdateFailedError)) throw error;
  });
  return { outcome: 'changed', job: await findImportJob(store, job.id), differences };
}

const changedByAnother = (): ExpectedError =>
  new ExpectedError('CONFLICT', 'The job was changed by somebody else meanwhile; apply again.');

/** A job writes down that it has stopped a moment before its workflow ends. @throws ExpectedError NOT_NOW */
async function untilEnded(handle: WorkflowHandle): Promise<void> {
  const until = Date.now() + endsWithinMs;
  while (await isRunning(handle)) {
    if (Date.now() > until)
      throw new ExpectedError('NOT_NOW', 'The job is still stopping; apply again when it has ended.');
    await wait(200);
  }
}
