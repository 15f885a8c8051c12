/**
 * The messages of the workflows: what people, the client and the relay send them and ask them. Their
 * payloads hold profiles' random ids, counts and codes: never an identifier of a person, never a secret.
 */
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { ExportAudienceConfiguration } from './export-audience.ts';

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
  /** `canary`: the first members are sent, and the rest waits for approval. */
  readonly outcome: 'done' | 'canary' | 'stopped' | 'failed';
  /** Why it failed, or what became of the canary, in the reader's words. */
  readonly reason?: string;
  /** The code of the error that it failed of. */
  readonly code?: string;
}

/** Responsys refused the login of this version of the job's authorization: no job is to try it again. */
export const loginRefusedSignal =
  defineSignal<[{ readonly version: number; readonly reason: string }]>('loginRefused');
/** The job's authorization was updated to this version. */
export const authorizationUpdatedSignal =
  defineSignal<[{ readonly version: number }]>('authorizationUpdated');

export const pauseUpdate = defineUpdate<ExportStatus>('pause');
export const resumeUpdate = defineUpdate<ExportStatus>('resume');
/** Send what is queued at once. */
export const flushUpdate = defineUpdate<ExportStatus>('flush');
/** Scan the audience again. */
export const backfillUpdate = defineUpdate<ExportStatus>('backfill');
/** Send rejected members again: all, or those of one reason. */
export const retryUpdate = defineUpdate<ExportStatus, [Retry | undefined]>('retry');

export interface Retry {
  /** A reason's code, such as `bad-email`; all reasons without one. */
  readonly reason?: string;
  /** Of a campaign: not those, but mails of unknown fate. */
  readonly unknown?: true;
}

/** After the canary: send the rest. */
export const approveUpdate = defineUpdate<ExportStatus>('approve');
/** Finish what is in flight, then end. */
export const stopUpdate = defineUpdate<ExportStatus>('stop');

/** A job's new configuration: names of fields, lists and audiences, nobody's data. */
export interface Reconfiguration<Configuration = ExportAudienceConfiguration> {
  readonly configuration: Configuration;
  /** The revision that it changes. */
  readonly from: string;
  /** The id of the revision that it makes. */
  readonly to: string;
  /** Whether all members are to be sent again. */
  readonly backfill: boolean;
}

/** Go on with another configuration. @returns false where the job had it already */
export const reconfigureUpdate = defineUpdate<boolean, [Reconfiguration]>('reconfigure');

export const statusQuery = defineQuery<ExportStatus>('status');

export const scanPauseSignal = defineSignal('pause');
export const scanResumeSignal = defineSignal('resume');
export const scanStopSignal = defineSignal('stop');
/** The job has another configuration: what the scan has not begun yet goes by that. */
export const scanRenewSignal = defineSignal('renew');

/**
 * `waiting`: Responsys does not serve; it goes on by itself. `approval`: the canary is sent; it waits for
 * `approve`. `parked`: something refused that only a person can mend; it waits for `resume`.
 */
export type ExportState = 'checking' | 'running' | 'paused' | 'waiting' | 'approval' | 'parked' | 'stopping';

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
