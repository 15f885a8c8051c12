/**
 * The relay's one step: tells the running jobs of the changes that concern them, from the change log, in
 * order, again and again until its time is up. It holds back while a job's queue is long, so that a million
 * changes wait in the log and not in a history.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { cancellationSignal, heartbeat } from '@temporalio/activity';
import { WorkflowNotFoundError } from '@temporalio/client';
import type { WorkflowHandle } from '@temporalio/client';
import { workflowIdOfJob } from '../jobs/job-id.ts';
import { againSignal, enterSignal, exitSignal, statusQuery } from '../jobs/messages.ts';
import { hearStays, readEntries } from '../systems/store/campaign-entries.ts';
import type { Change, RelayPosition } from '../systems/store/changes.ts';
import { moveRelayPosition, readChanges, relayPositions, stopRelaying } from '../systems/store/changes.ts';
import { transaction } from '../systems/store/database.ts';
import type { Pool } from '../systems/store/database.ts';
import { setJobState } from '../systems/store/jobs.ts';
import { holdOffMerges } from '../systems/store/merging.ts';
import type { Means } from './connections.ts';
import { asFailure } from './failures.ts';
import { signalMembers } from './signal-members.ts';

/** Changes that are read of the log at once. */
const changesAtOnce = 1_000;
/** A job whose queue is longer is not told of more. */
const longestQueue = 1_000;
const lookEveryMs = 500;

export interface RelayActivities {
  /** @param forMs how long it goes on before it ends, for the workflow to start it anew */
  relayChanges(forMs: number): Promise<void>;
}

export function relayActivities(means: Means): RelayActivities {
  return {
    relayChanges: async (forMs) => {
      const until = Date.now() + forMs;
      try {
        // Where the worker stops, another takes over: the workflow starts this step anew.
        while (Date.now() < until && !means.stopping.aborted) {
          heartbeat();
          cancellationSignal().throwIfAborted();
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
    // Ended or terminated from outside: whoever starts the job again begins with a scan.
    await stopRelaying(means.store, position.jobId);
    await setJobState(means.store, position.jobId, 'failed', 'Its workflow is no longer running.');
    return true;
  }
}

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
