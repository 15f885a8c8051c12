/**
 * Makes a job as its file says, and the same however often it is asked: the label is the job. Two who apply
 * at the same moment make one job, since the label is unique, a job that ended is taken up by one, and a
 * changed configuration is saved only over the revision that was looked at.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { findNamedAudiences } from '../../activities/account-planning.ts';
import { ExpectedError } from '../../jobs/errors.ts';
import type { ExportAudienceConfiguration } from '../../jobs/export-audience.ts';
import { exportAudienceWorkflowId, scanAudienceWorkflowId } from '../../jobs/job-id.ts';
import { reconfigureUpdate, scanStopSignal } from '../../jobs/messages.ts';
import { needsCheck } from '../../jobs/change-effects.ts';
import { differencesOf, fixedFaults } from '../../jobs/reconfiguration.ts';
import type { Difference } from '../../jobs/reconfiguration.ts';
import type { Pool } from '../../systems/store/database.ts';
import { configurationNow, findLabelledJob, restartRevision } from '../../systems/store/job-configuration.ts';
import { findJob, setJobState } from '../../systems/store/jobs.ts';
import type { Job } from '../../systems/store/jobs.ts';
import type { Context } from '../context.ts';
import type { Outcome } from '../kinds/applied.ts';
import { checkJob, refuseFaults } from './plan.ts';
import { expectedOf, launch, startJob } from './start.ts';

/** How long others may take over what is being applied, before it is said that they do not end. */
const settleWithinMs = 60_000;
/** How long a running job may take to change, its batch under way and the check of the account included. */
const changeWithinMs = 120_000;

export interface Applied {
  readonly outcome: Outcome;
  readonly job: Job;
  readonly differences: readonly Difference[];
}

/** @param agree asked before a job that is there is changed; throws or says no where it is not to be */
export async function applyJob(
  context: Context,
  configuration: ExportAudienceConfiguration,
  agree: (differences: readonly Difference[]) => Promise<boolean>,
): Promise<Applied> {
  const [store, temporal] = [await context.store(), await context.temporal()];
  const until = Date.now() + settleWithinMs;
  for (;;) {
    const applied = await applyOnce(context, store, temporal, configuration, agree);
    if (applied !== undefined) return applied;
    if (Date.now() > until)
      throw new ExpectedError(
        'NOT_NOW',
        `The job "${configuration.label}" did not settle within a minute; see "jobs show", and apply again.`,
      );
    await wait(200);
  }
}

/** @returns undefined where somebody else was faster, and it has to be looked at again */
async function applyOnce(
  context: Context,
  store: Pool,
  temporal: Client,
  configuration: ExportAudienceConfiguration,
  agree: (differences: readonly Difference[]) => Promise<boolean>,
): Promise<Applied | undefined> {
  const job = await findLabelledJob(store, configuration.label);
  if (job === undefined) {
    try {
      return { outcome: 'started', job: await startJob(store, temporal, configuration), differences: [] };
    } catch (error) {
      if (error instanceof ExpectedError && error.code === 'CONFLICT') return undefined;
      throw error;
    }
  }
  const differences = differencesOf(await configurationNow(store, job), configuration);
  const fixed = fixedFaults(differences);
  if (fixed.length > 0)
    throw new ExpectedError('CHANGE_REFUSED', fixed.map((fault) => `${fault}.`).join('\n'));
  const handle = temporal.workflow.getHandle(exportAudienceWorkflowId(job.id));
  if (job.state === 'starting') {
    const launched = await launch(store, temporal, job);
    return differences.length === 0 ? { outcome: 'unchanged', job: launched, differences } : undefined;
  }
  const runs = await isRunning(handle);
  if (job.state === 'stopped' || job.state === 'failed') {
    // It is about to end: its id is free in a moment.
    if (runs) return undefined;
    return startAgain(context, job, configuration, differences, agree);
  }
  if (!runs) {
    // Terminated from outside, where nobody could write it down.
    const now = await findJob(store, job.id);
    if (now.state === job.state)
      await setJobState(store, job.id, 'failed', 'Its workflow is no longer running.');
    return undefined;
  }
  if (job.state === 'stopping') return undefined;
  if (differences.length === 0) return { outcome: 'unchanged', job, differences };
  if (needsCheck(differences)) refuseFaults((await checkJob(context, configuration)).faults);
  if (!(await agree(differences))) return { outcome: 'unchanged', job, differences };
  const changed = await change(handle, job, configuration, differences);
  return { outcome: changed ? 'changed' : 'unchanged', job: await findJob(store, job.id), differences };
}

async function startAgain(
  context: Context,
  job: Job,
  configuration: ExportAudienceConfiguration,
  differences: readonly Difference[],
  agree: (differences: readonly Difference[]) => Promise<boolean>,
): Promise<Applied | undefined> {
  const [store, temporal] = [await context.store(), await context.temporal()];
  refuseFaults((await checkJob(context, configuration)).faults);
  if (differences.length > 0 && !(await agree(differences)))
    return { outcome: 'unchanged', job, differences };
  const { source, exported } = await findNamedAudiences(store, configuration);
  if (source === undefined) return undefined;
  await endScan(temporal, job.id);
  const taken = await restartRevision(store, {
    jobId: job.id,
    from: job.revision,
    to: randomUUID(),
    configuration,
    plan: job.plan,
    sourceAudienceId: source.id,
    exportedAudienceIds: exported.map(({ id }) => id),
  });
  if (!taken) return undefined;
  const started = await launch(store, temporal, await findJob(store, job.id));
  return { outcome: 'started-again', job: started, differences };
}

/** @returns whether it was this that changed it, not another who applied the same */
async function change(
  handle: WorkflowHandle,
  job: Job,
  configuration: ExportAudienceConfiguration,
  differences: readonly Difference[],
): Promise<boolean> {
  const reconfiguration = {
    configuration,
    from: job.revision,
    to: randomUUID(),
    backfill: needsCheck(differences),
  };
  const answer = handle
    .executeUpdate(reconfigureUpdate, { args: [reconfiguration] })
    .catch((error: unknown) => {
      if (error instanceof WorkflowUpdateFailedError) throw expectedOf(error.cause ?? error, 'NOT_NOW');
      throw error;
    });
  const changed = await Promise.race([answer, wait(changeWithinMs, undefined, { ref: false })]);
  if (changed !== undefined) return changed;
  answer.catch(() => undefined);
  throw new ExpectedError(
    'NO_WORKER',
    'The job has not taken the change within two minutes: no worker runs, or Responsys cannot be reached. It takes it as soon as it can.',
  );
}

export async function isRunning(handle: WorkflowHandle): Promise<boolean> {
  try {
    return (await handle.describe()).status.name === 'RUNNING';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

/** A scan outlives a job that was terminated: it would be in the way of the next one. */
async function endScan(temporal: Client, jobId: string): Promise<void> {
  const scan = temporal.workflow.getHandle(scanAudienceWorkflowId(jobId));
  const until = Date.now() + settleWithinMs;
  while ((await isRunning(scan)) && Date.now() < until) {
    await scan.signal(scanStopSignal).catch(() => undefined);
    await wait(500);
  }
}
