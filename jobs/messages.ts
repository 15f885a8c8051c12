/**
 * The messages of the workflows: what people, the client and the relay send them and ask them. Their
 * payloads hold profiles' random ids, counts and codes: never an identifier of a person, never a secret.
 */
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';

/** Members whose membership of an audience, fields or identifiers changed; at most 100. */
export interface MembersChanged {
  readonly members: readonly string[];
}

/** People entered an audience that the job exports. */
export const enterSignal = defineSignal<[MembersChanged]>('enter');
/** People left an audience that the job exports. */
export const exitSignal = defineSignal<[MembersChanged]>('exit');
/** Something else of members changed: fields, identifiers, or anything while they were being sent. */
export const againSignal = defineSignal<[MembersChanged]>('again');
/** From the job's own scan: it has ended. */
export const scanEndedSignal = defineSignal<[ScanEnded]>('scanEnded');

export interface ScanEnded {
  readonly outcome: 'done' | 'stopped' | 'failed';
  /** Why it failed, in the reader's words. */
  readonly reason?: string;
}

export const pauseUpdate = defineUpdate<ExportStatus>('pause');
export const resumeUpdate = defineUpdate<ExportStatus>('resume');
/** Send what is queued at once. */
export const flushUpdate = defineUpdate<ExportStatus>('flush');
/** Scan the audience again. */
export const backfillUpdate = defineUpdate<ExportStatus>('backfill');
/** Finish what is in flight, then end. */
export const stopUpdate = defineUpdate<ExportStatus>('stop');

export const statusQuery = defineQuery<ExportStatus>('status');

export const scanPauseSignal = defineSignal('pause');
export const scanResumeSignal = defineSignal('resume');
export const scanStopSignal = defineSignal('stop');

/** `parked`: something refused that only a person can mend; it waits for `resume`. */
export type ExportState = 'checking' | 'running' | 'paused' | 'parked' | 'stopping';

export interface ExportStatus {
  readonly state: ExportState;
  readonly reason: string;
  readonly scanning: boolean;
  readonly queued: number;
  /** ISO time at which the queue is flushed at the latest; null while it is empty. */
  readonly nextFlushAt: string | null;
  /** Items of signals that were not understood. */
  readonly refusedItems: number;
}

/** What an export that stops says at its end. */
export interface ExportEnd {
  readonly left: number;
  readonly reason: string;
}
