/**
 * The relay's one step: tells the running jobs of the changes that concern them, from the change log, in
 * order, again and again until its time is up. It holds back while a job's queue is long, so that a million
 * changes wait in the log and not in a history. And it sees when a job's workflow is gone that nobody stopped, and
 * ends what still goes on for it.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { cancellationSignal, heartbeat } from '@temporalio/activity';
import { WorkflowNotFoundError } from '@temporalio/client';
import type { WorkflowHandle } from '@temporalio/client';
import { walkWorkflowIdOf, workflowIdOfJob } from '../jobs/job-id.ts';
import { againSignal, enterSignal, exitSignal, scanStopSignal, statusQuery } from '../jobs/messages.ts';
import { hearStays, readEntries } from '../systems/store/campaign-entries.ts';
import type { Change, RelayPosition } from '../systems/store/changes.ts';
import { moveRelayPosition, readChanges, relayPositions } from '../systems/store/changes.ts';
import { transaction } from '../systems/store/database.ts';
import type { Pool } from '../systems/store/database.ts';
import { endLostJob } from '../systems/store/job-end.ts';
import { holdOffMerges } from '../systems/store/merging.ts';
import type { Means } from './connections.ts';
import { asFailure } from './failures.ts';
import { signalMembers } from './signal-members.ts';

/** Changes that are read of the log at once. */
const changesAtOnce = 1_000;
/** A job whose queue is longer is not told of more. */
const longestQueue = 1_000;
const lookEveryMs = 500;
/** How often it is asked whether the jobs run: a walk of one that was terminated goes on for so long. */
const askEveryMs = 5_000;

export interface RelayActivities {
  /** @param forMs how long it goes on before it ends, for the workflow to start it anew */
  relayChanges(forMs: number): Promise<void>;
}

export function relayActivities(means: Means): RelayActivities {
  return {
    relayChanges: async (forMs) => {
      const until = Date.now() + forMs;
      let askAt = 0;
      try {
        // Where the worker stops, another takes over: the workflow starts this step anew.
        while (Date.now() < until && !means.stopping.aborted) {
          heartbeat();
          cancellationSignal().throwIfAborted();
          if (Date.now() >= askAt) {
            await endLost(means);
            askAt = Date.now() + askEveryMs;
          }
          const told = await tellAll(means);
          if (!told) await wait(lookEveryMs, undefined, { signal: cancellationSignal() });
        }
      } catch (error) {
        throw asFailure(error);
      }
    },
  };
}

/** @returns whether there was anything to tell */
async function tellAll(means: Means): Promise<boolean> {
  const positions = await relayPositions(means.store);
  const told = await Promise.all(positions.map((position) => tell(means, position)));
  return told.includes(true);
}

async function tell(means: Means, position: RelayPosition): Promise<boolean> {
  const read = await readConcerning(means.store, position);
  if (read === undefined) return false;
  const handle = means.temporal.workflow.getHandle(workflowIdOfJob(position.kind, position.jobId));
  try {
    if (read.changes.length > 0) {
      if ((await queueOf(handle)) > longestQueue) return false;
      await signalChanges(handle, read.changes);
    }
    await moveRelayPosition(means.store, read.next);
    return true;
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    await end(means, position);
    return true;
  }
}

/** Jobs whose workflow is gone, with nothing to be told. */
async function endLost(means: Means): Promise<void> {
  const positions = await relayPositions(means.store);
  await Promise.all(
    positions.map(async (position) => {
      const { kind, jobId } = position;
      if (await isGone(means.temporal.workflow.getHandle(workflowIdOfJob(kind, jobId))))
        await end(means, position);
    }),
  );
}

const ended: ReadonlySet<string> = new Set(['COMPLETED', 'FAILED', 'CANCELLED', 'TERMINATED', 'TIMED_OUT']);

async function isGone(handle: WorkflowHandle): Promise<boolean> {
  try {
    return ended.has((await handle.describe()).status.name);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return true;
    throw error;
  }
}

/** Terminated from outside: nobody else tells its walk, which would go on. */
const end = ({ store, temporal }: Means, { kind, jobId, revision }: RelayPosition): Promise<void> =>
  endLostJob(store, { id: jobId, revision }, async () => {
    try {
      await temporal.workflow.getHandle(walkWorkflowIdOf(kind, jobId)).signal(scanStopSignal);
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    }
  });

/** A campaign job notes the stays first: what it is told by a signal it then finds waiting. */
async function readConcerning(
  store: Pool,
  position: RelayPosition,
): Promise<{ readonly changes: readonly Change[]; readonly next: RelayPosition } | undefined> {
  if (position.kind !== 'export-campaign') return readChanges(store, position, changesAtOnce);
  const read = await readEntries(store, position, changesAtOnce);
  if (read === undefined) return undefined;
  const { entries, again, next } = read;
  if (entries.length > 0)
    await transaction(store, async (database) => {
      await holdOffMerges(database);
      await hearStays(database, position.jobId, entries);
    });
  const changes = [
    ...again.map((profileId) => ({ profileId, change: 'again' }) as const),
    ...entries.map(({ profileId }) => ({ profileId, change: 'enter' }) as const),
  ];
  return { changes, next };
}

/** A job that cannot be asked, since no worker answers, is told nothing now. */
async function queueOf(handle: WorkflowHandle): Promise<number> {
  try {
    return (await handle.query(statusQuery)).queued;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) throw error;
    return Number.POSITIVE_INFINITY;
  }
}

const signals: Readonly<Record<Change['change'], typeof enterSignal>> = {
  enter: enterSignal,
  exit: exitSignal,
  again: againSignal,
};

async function signalChanges(handle: WorkflowHandle, changes: readonly Change[]): Promise<void> {
  // The last change of a member is the one that counts; the send reads what is true anyway.
  const last = new Map(changes.map((change) => [change.profileId, change.change]));
  for (const [kind, signal] of Object.entries(signals)) {
    const members = [...last].filter(([, change]) => change === kind).map(([profileId]) => profileId);
    await signalMembers(handle, signal, members);
  }
}
