/**
 * How an import stands: what the store and the running workflow say of it, together.
 */
import type { Client } from '@temporalio/client';
import { importStatusQuery } from '../../jobs/import-messages.ts';
import { importActivityWorkflowId } from '../../jobs/job-id.ts';
import { overdueTypes } from '../../jobs/overdue.ts';
import { findAuthorization } from '../../systems/store/authorizations.ts';
import type { Pool } from '../../systems/store/database.ts';
import { fileTimes, fileTotals } from '../../systems/store/event-files.ts';
import type { ImportJob } from '../../systems/store/import-jobs.ts';
import { liveStatus } from '../kinds/live-status.ts';

export async function summariseFiles(store: Pool, job: ImportJob) {
  const totals = await fileTotals(store, job.id);
  const { found, done, repeated, setAside, failed, waiting, reading } = totals;
  return {
    id: job.id,
    label: job.label,
    kind: 'import-activity',
    state: job.state,
    reason: job.stateReason,
    lastError: job.lastError,
    files: { found, done, repeated, setAside, failed, waiting },
    events: {
      total: totals.events,
      known: totals.repeatedRows,
      rejected: totals.rejected,
      nobodys: totals.nobodys,
      byType: totals.byType,
    },
    reading: reading.map(({ path, sizeBytes, bytesRead, readTo }) => ({
      file: path,
      sizeBytes,
      bytesRead,
      rows: readTo,
    })),
  };
}

export async function summariseImport(store: Pool, temporal: Client, job: ImportJob) {
  const [files, authorization, live, times] = await Promise.all([
    summariseFiles(store, job),
    findAuthorization(store, job.authorizationId),
    liveStatus(temporal.workflow.getHandle(importActivityWorkflowId(job.id)), importStatusQuery),
    fileTimes(store, job.id),
  ]);
  return {
    ...files,
    authorization: authorization.label,
    nextLookAt: live?.nextLookAt ?? null,
    leftAlone: live?.leftAlone ?? null,
    // What comes while nobody looks is not known, and not late.
    overdue: job.state === 'running' ? overdueTypes(times, Date.now()) : [],
  };
}
