/**
 * What an export does about its messages: each only puts something in the queue, or sets a wish or a state.
 */
import { ApplicationFailure, defineUpdate, setHandler } from '@temporalio/workflow';
import type { UpdateDefinition } from '@temporalio/common';
import {
  againSignal,
  approveUpdate,
  authorizationUpdatedSignal,
  backfillUpdate,
  enterSignal,
  exitSignal,
  flushUpdate,
  loginRefusedSignal,
  pauseUpdate,
  reconfigureUpdate,
  resumeUpdate,
  retryUpdate,
  scanEndedSignal,
  statusQuery,
  stopUpdate,
} from '../jobs/messages.ts';
import type { ExportStatus, Reconfiguration, Retry } from '../jobs/messages.ts';
import { stateInWords } from '../jobs/state-words.ts';
import { askBackfill, enter, hinder } from './export-standing.ts';
import type { Standing } from './export-standing.ts';
import { readMembersChanged } from './members-changed.ts';
import type { Reconfigurations } from './reconfigurations.ts';

/** How a kind of job takes an update that is its own. */
export interface Steering {
  /** @param unless why it cannot be done now; undefined where it can */
  steer(update: UpdateDefinition<ExportStatus>, unless: () => string | undefined, wish: () => void): void;
  /** A reason against a walk, such as another; undefined where there is none. */
  unlessScanning(otherwise: string): () => string | undefined;
}

/** @param status as it is asked for and answered */
export function handleMessages<Configuration>(
  job: Standing,
  status: () => ExportStatus,
  reconfigurations: Reconfigurations<Configuration>,
): Steering {
  const onMembersChanged = (payload: unknown): void => {
    job.signals += 1;
    const read = readMembersChanged(payload);
    job.refusedItems += read.refused;
    for (const member of read.members) job.queue.add(member, Date.now());
  };
  setHandler(enterSignal, onMembersChanged, { description: 'People entered an audience of this job' });
  setHandler(exitSignal, onMembersChanged, { description: 'People left an audience of this job' });
  setHandler(againSignal, onMembersChanged, { description: 'Fields or identifiers changed' });
  setHandler(scanEndedSignal, (ended) => {
    job.signals += 1;
    job.scanning = false;
    job.stateChanged = true;
    if (job.state === 'stopping') return;
    if (ended.outcome === 'failed') {
      job.scanAsked = true;
      hinder(job, ended.reason ?? '', ended.code ?? '', job.scanVersion, Date.now());
    } else {
      job.waits = 0;
      job.retry = undefined;
      if (ended.outcome === 'canary') enter(job, 'approval', ended.reason);
      // There was nobody to wait for.
      else if (ended.outcome === 'done') job.canary = undefined;
    }
  });
  setHandler(loginRefusedSignal, (refused) => {
    job.signals += 1;
    const sends = job.state === 'running' || job.state === 'waiting';
    if (sends && refused.version >= job.version)
      enter(job, 'parked', refused.reason, 'AUTHORIZATION_REFUSED');
  });
  setHandler(authorizationUpdatedSignal, (updated) => {
    job.signals += 1;
    job.version = Math.max(job.version, updated.version);
    if (job.state === 'parked' && job.reasonCode === 'AUTHORIZATION_REFUSED') enter(job, 'running');
  });
  setHandler(statusQuery, status, { description: 'How the job stands' });

  const steer: Steering['steer'] = (update, unless, wish) => {
    const handler = (): ExportStatus => {
      wish();
      return status();
    };
    setHandler(update, handler, { validator: () => refuse(unless()) });
  };
  const is = (): string => `The job is ${stateInWords(job.state)}`;
  const unlessRunning = (): string | undefined => {
    if (job.state === 'running') return undefined;
    if (job.state === 'waiting') return `${is()}; it goes on by itself.`;
    return `${is()}; ${job.state === 'approval' ? '"approve" it first' : 'resume it first'}.`;
  };
  const unlessScanning: Steering['unlessScanning'] = (otherwise) => () =>
    unlessRunning() ?? (job.scanning || job.scanAsked ? otherwise : undefined);

  steer(
    pauseUpdate,
    () =>
      job.state === 'running' || job.state === 'waiting'
        ? undefined
        : `${is()}; only a running one can be paused.`,
    () => enter(job, 'paused'),
  );
  steer(
    resumeUpdate,
    () => {
      if (job.state === 'paused' || job.state === 'parked') return undefined;
      return `${is()}; ${job.state === 'approval' ? '"approve" it' : 'there is nothing to resume'}.`;
    },
    () => enter(job, 'running'),
  );
  steer(flushUpdate, unlessRunning, () => {
    job.flushAsked = job.queue.size > 0;
  });
  steer(backfillUpdate, unlessScanning('A scan is running already.'), () => {
    askBackfill(job);
  });
  const unlessRetried = unlessScanning('A scan is running already; retry when it is done.');
  setHandler<ExportStatus, [Retry | undefined], typeof retryUpdate>(
    retryUpdate,
    // From the Web UI it may come without anything: all, then.
    (wished) => {
      job.retry = wished?.reason === undefined ? {} : { reason: wished.reason };
      job.scanAsked = true;
      return status();
    },
    { validator: () => refuse(unlessRetried()) },
  );
  steer(
    approveUpdate,
    () => (job.state === 'approval' ? undefined : `${is()}; there is nothing to approve.`),
    () => {
      job.canary = undefined;
      job.scanAsked = true;
      enter(job, 'running');
    },
  );
  steer(
    stopUpdate,
    () => (job.state === 'stopping' ? 'The job is stopping already.' : undefined),
    () => enter(job, 'stopping'),
  );

  // By one name for every kind of job; what it holds is the kind's own.
  const reconfigure = defineUpdate<boolean, [Reconfiguration<Configuration>]>(reconfigureUpdate.name);
  setHandler(reconfigure, (change) => reconfigurations.ask(change), {
    description: 'Go on with another configuration',
    validator: (change) => {
      const isSettled = job.state === 'running' || job.state === 'paused' || job.state === 'parked';
      refuse(isSettled ? undefined : `The job is ${job.state}; it cannot be changed now.`);
      reconfigurations.validate(change);
    },
  });
  return { steer, unlessScanning };
}

function refuse(why: string | undefined): void {
  if (why !== undefined) throw ApplicationFailure.nonRetryable(why, 'NOT_NOW');
}
