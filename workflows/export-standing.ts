/**
 * How an export stands: its state, what is queued, what is wished of it. Messages and the loop of the job
 * change it; it does nothing by itself. Pure.
 */
import type { ExportState, ExportStatus, Retry } from '../jobs/messages.ts';
import { openChangeQueue } from './change-queue.ts';
import type { ChangeQueue, QueueEntries } from './change-queue.ts';
import { waitBeforeMs } from './outage.ts';

/** What one run leaves to the next; plain JSON. */
export interface Carried {
  readonly state: ExportState;
  readonly reason: string;
  readonly reasonCode: string;
  readonly told: ExportState;
  readonly scanning: boolean;
  readonly scanAsked: boolean;
  readonly retry: Retry | undefined;
  readonly authorization: { readonly version: number; readonly scanVersion: number };
  readonly waits: number;
  readonly queue: QueueEntries;
  readonly refusedItems: number;
  readonly anyRejected: boolean;
  /** Absent in what was carried before it was told. */
  readonly heldUntilMs?: number;
  readonly backfillCanary?: number;
  readonly asksAtMs?: number;
}

export interface Standing {
  readonly queue: ChangeQueue;
  state: ExportState;
  reason: string;
  reasonCode: string;
  stateChanged: boolean;
  /** What the store and the scan know of the state. */
  told: ExportState;
  /** Whether a scan is under way; whether one is to be made, and of whom where not of all. */
  scanning: boolean;
  scanAsked: boolean;
  retry: Retry | undefined;
  /** Members that are sent before the rest waits for approval; undefined where none is to be given. */
  canary: number | undefined;
  /** The canary of a back-fill that is asked for from now on; undefined for none. */
  backfillCanary: number | undefined;
  flushAsked: boolean;
  /** Of the authorization: the newest version known, and that of the time at which the scan began. */
  version: number;
  scanVersion: number;
  /** How often it has waited for Responsys since something last succeeded. */
  waits: number;
  /** When Responsys is asked whether it serves again, by the job's latest wait. */
  asksAtMs: number;
  /** That this run has taken. */
  signals: number;
  refusedItems: number;
  anyRejected: boolean;
  /** Nobody is sent before this time. */
  heldUntilMs: number;
}

/** @param walksFirst whether a new job begins with a walk */
export const openStanding = (
  canary: number | undefined,
  carried: Carried | undefined,
  walksFirst: boolean,
): Standing => ({
  queue: openChangeQueue(carried?.queue),
  state: carried?.state ?? 'checking',
  reason: carried?.reason ?? '',
  reasonCode: carried?.reasonCode ?? '',
  stateChanged: true,
  told: carried?.told ?? 'running',
  scanning: carried?.scanning ?? false,
  scanAsked: carried?.scanAsked ?? walksFirst,
  retry: carried?.retry,
  canary,
  backfillCanary: carried?.backfillCanary,
  flushAsked: false,
  version: carried?.authorization.version ?? 0,
  scanVersion: carried?.authorization.scanVersion ?? 0,
  waits: carried?.waits ?? 0,
  asksAtMs: carried?.asksAtMs ?? 0,
  signals: 0,
  refusedItems: carried?.refusedItems ?? 0,
  anyRejected: carried?.anyRejected ?? false,
  heldUntilMs: carried?.heldUntilMs ?? 0,
});

export function carriedOf(job: Standing): Carried {
  const { state, reason, reasonCode, told, scanning, scanAsked, retry, waits, refusedItems, anyRejected } =
    job;
  return {
    ...{ state, reason, reasonCode, told, scanning, scanAsked, retry, waits, refusedItems, anyRejected },
    authorization: { version: job.version, scanVersion: job.scanVersion },
    queue: job.queue.entries(),
    ...(job.heldUntilMs === 0 ? {} : { heldUntilMs: job.heldUntilMs }),
    ...(job.backfillCanary === undefined ? {} : { backfillCanary: job.backfillCanary }),
    ...(job.asksAtMs === 0 ? {} : { asksAtMs: job.asksAtMs }),
  };
}

export function enter(job: Standing, state: ExportState, reason = '', reasonCode = ''): void {
  Object.assign(job, { state, reason, reasonCode, stateChanged: true });
}

/** A walk through all members is wished, with the canary of now where the kind of job gives each one. */
export function askBackfill(job: Standing): void {
  job.canary = job.backfillCanary ?? job.canary;
  job.scanAsked = true;
}

/** A step has failed. @param versionThen of the authorization, when the step began */
export function hinder(job: Standing, why: string, code: string, versionThen: number, nowMs: number): void {
  if (code === 'SERVICE_UNAVAILABLE') {
    job.waits += 1;
    if (job.state !== 'running') return;
    enter(job, 'waiting', why, code);
    job.asksAtMs = nowMs + waitBeforeMs(job.waits);
  } else if (code !== 'AUTHORIZATION_REFUSED' || versionThen === job.version) {
    enter(job, 'parked', why, code);
  }
  // Otherwise the authorization has been updated meanwhile: what was refused is not what is valid now.
}

/** When what is queued is due, by its oldest entry; undefined while nothing is queued. */
export const flushAtMs = ({ queue, heldUntilMs }: Standing, flushIntervalMs: number): number | undefined =>
  queue.oldestMs === undefined ? undefined : Math.max(queue.oldestMs + flushIntervalMs, heldUntilMs);

export function statusOf(job: Standing, flushIntervalMs: number): ExportStatus {
  const { state, reason, scanning, queue, refusedItems } = job;
  const flushAt = flushAtMs(job, flushIntervalMs);
  const nextFlushAt = flushAt === undefined ? null : new Date(flushAt).toISOString();
  return { state, reason, scanning, queued: queue.size, nextFlushAt, refusedItems };
}
