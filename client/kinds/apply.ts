/**
 * Makes an export, to lists or to a campaign, as its file says, and the same however often it is asked: the
 * label is the job. Two who apply at the same moment make one job, since the label is unique, a job that ended
 * is taken up by one, and a changed configuration is saved only over the revision that was looked at.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import type { WorkflowHandle } from '@temporalio/client';
import type { UpdateDefinition } from '@temporalio/common';
import { needsCheck } from '../../jobs/change-effects.ts';
import type { Change } from '../../jobs/change-effects.ts';
import { ExpectedError } from '../../jobs/errors.ts';
import { scanStopSignal } from '../../jobs/messages.ts';
import type { Reconfiguration } from '../../jobs/messages.ts';
import type { Pool } from '../../systems/store/database.ts';
import { endLostJob } from '../../systems/store/job-end.ts';
import type { JobState } from '../../systems/store/jobs.ts';
import { expectedOf } from '../jobs/start.ts';
import type { Applied } from './applied.ts';

/** How long others may take over what is being applied, before it is said that they do not end. */
const settleWithinMs = 60_000;
/** How long a running job may take to change, its batch under way and the check of the account included. */
const changeWithinMs = 120_000;

interface RevisedJob {
  readonly id: string;
  readonly label: string;
  readonly state: JobState;
  /** Changes with the configuration. */
  readonly revision: string;
}

interface Labelled {
  readonly label: string;
}

/** What differs between the kinds of export. */
export interface Appliable<
  Configuration extends Labelled,
  Job extends RevisedJob,
  Difference extends Change,
> {
  readonly store: Pool;
  readonly configuration: Configuration;
  readonly reconfigure: UpdateDefinition<boolean, [Reconfiguration<Configuration>]>;
  handleOf(jobId: string): WorkflowHandle;
  /** Of what walks members for the job. */
  walkOf(jobId: string): WorkflowHandle;
  /** The job of the configuration's label. */
  find(): Promise<Job | undefined>;
  read(jobId: string): Promise<Job>;
  differencesOf(job: Job): Promise<readonly Difference[]>;
  fixedFaults(differences: readonly Difference[]): readonly string[];
  /** @throws ExpectedError CONFLICT where the label is taken by now */
  start(): Promise<Job>;
  /** Starts the workflow of a job that is `starting`. */
  launch(job: Job): Promise<Job>;
  /** Holds the configuration against the account. @throws ExpectedError CONFIGURATION_REFUSED */
  refuseUnfit(): Promise<void>;
  /** Takes up a job that ended. @returns false where another was faster */
  restart(job: Job, revision: string): Promise<boolean>;
  /** Whether a change that has the account checked again has all members sent again, too. */
  readonly sendsAgain: boolean;
}

type Agree<Difference> = (differences: readonly Difference[]) => Promise<boolean>;

/** @param agree asked before a job that is there is changed; throws or says no where it is not to be */
export async function applyRevision<
  Configuration extends Labelled,
  Job extends RevisedJob,
  Difference extends Change,
>(
  kind: Appliable<Configuration, Job, Difference>,
  agree: Agree<Difference>,
): Promise<Applied<Job, Difference>> {
  const until = Date.now() + settleWithinMs;
  for (;;) {
    const applied = await applyOnce(kind, agree);
    if (applied !== undefined) return applied;
    if (Date.now() > until)
      throw new ExpectedError(
        'NOT_NOW',
        `The job "${kind.configuration.label}" did not settle within a minute; see "jobs show", and apply again.`,
      );
    await wait(200);
  }
}

/** @returns undefined where somebody else was faster, and it has to be looked at again */
async function applyOnce<Configuration extends Labelled, Job extends RevisedJob, Difference extends Change>(
  kind: Appliable<Configuration, Job, Difference>,
  agree: Agree<Difference>,
): Promise<Applied<Job, Difference> | undefined> {
  const job = await kind.find();
  if (job === undefined) {
    try {
      return { outcome: 'started', job: await kind.start(), differences: [] };
    } catch (error) {
      if (error instanceof ExpectedError && error.code === 'CONFLICT') return undefined;
      throw error;
    }
  }
  const differences = await kind.differencesOf(job);
  const fixed = kind.fixedFaults(differences);
  if (fixed.length > 0)
    throw new ExpectedError('CHANGE_REFUSED', fixed.map((fault) => `${fault}.`).join('\n'));
  const handle = kind.handleOf(job.id);
  if (job.state === 'starting') {
    const launched = await kind.launch(job);
    return differences.length === 0 ? { outcome: 'unchanged', job: launched, differences } : undefined;
  }
  const runs = await isRunning(handle);
  if (job.state === 'stopped' || job.state === 'failed') {
    // It is about to end: its id is free in a moment.
    if (runs) return undefined;
    await kind.refuseUnfit();
    if (differences.length > 0 && !(await agree(differences)))
      return { outcome: 'unchanged', job, differences };
    await endWalk(kind.walkOf(job.id));
    if (!(await kind.restart(job, randomUUID()))) return undefined;
    return { outcome: 'started-again', job: await kind.launch(await kind.read(job.id)), differences };
  }
  if (!runs) {
    // Terminated from outside, where nobody could write it down.
    await endLostJob(kind.store, job, () => stopWalk(kind.walkOf(job.id)));
    return undefined;
  }
  if (job.state === 'stopping') return undefined;
  if (differences.length === 0) return { outcome: 'unchanged', job, differences };
  if (needsCheck(differences)) await kind.refuseUnfit();
  if (!(await agree(differences))) return { outcome: 'unchanged', job, differences };
  const changed = await change(kind, handle, job, kind.sendsAgain && needsCheck(differences));
  return { outcome: changed ? 'changed' : 'unchanged', job: await kind.read(job.id), differences };
}

/** @returns whether it was this that changed it, not another who applied the same */
async function change<Configuration extends Labelled, Job extends RevisedJob, Difference extends Change>(
  { configuration, reconfigure }: Appliable<Configuration, Job, Difference>,
  handle: WorkflowHandle,
  job: Job,
  backfill: boolean,
): Promise<boolean> {
  const reconfiguration = { configuration, from: job.revision, to: randomUUID(), backfill };
  const answer = handle.executeUpdate(reconfigure, { args: [reconfiguration] }).catch((error: unknown) => {
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

/** A walk outlives a job that was terminated: it would be in the way of the next one. */
async function endWalk(walk: WorkflowHandle): Promise<void> {
  const until = Date.now() + settleWithinMs;
  while ((await isRunning(walk)) && Date.now() < until) {
    await stopWalk(walk);
    await wait(500);
  }
}

const stopWalk = (walk: WorkflowHandle): Promise<void> => walk.signal(scanStopSignal).catch(() => undefined);
