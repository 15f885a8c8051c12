/**
 * How a job stands: what the store and the running workflow say of it, together. Nobody's data is in it: an
 * overview ends in tickets and logs, so that Responsys' own words are left to `jobs failures`.
 */
import type { Client } from '@temporalio/client';
import { exportAudienceWorkflowId } from '../../jobs/job-id.ts';
import { statusQuery } from '../../jobs/messages.ts';
import { findAuthorization } from '../../systems/store/authorizations.ts';
import type { Pool } from '../../systems/store/database.ts';
import { findJob } from '../../systems/store/jobs.ts';
import { groupFailures, readCounts, readRequestTotals } from '../../systems/store/ledger.ts';
import type { FailureGroup } from '../../systems/store/ledger.ts';
import { latestScan } from '../../systems/store/scans.ts';
import type { Scan } from '../../systems/store/scans.ts';
import { liveStatus } from '../kinds/live-status.ts';

export type JobSummary = Awaited<ReturnType<typeof summariseJob>>;

/** @param name the job's label or id. @throws ExpectedError NOT_FOUND */
export async function summariseJob(store: Pool, temporal: Client, name: string) {
  const job = await findJob(store, name);
  const [counts, requests, scan, failures, authorization, live] = await Promise.all([
    readCounts(store, job.id),
    readRequestTotals(store, job.id),
    latestScan(store, job.id),
    groupFailures(store, job.id),
    findAuthorization(store, job.authorizationId),
    liveStatus(temporal.workflow.getHandle(exportAudienceWorkflowId(job.id)), statusQuery),
  ]);
  return {
    id: job.id,
    label: job.label,
    kind: job.kind,
    state: job.state,
    reason: job.stateReason,
    audience: job.configuration.audience,
    list: job.configuration.list,
    authorization: authorization.label,
    tables: [job.plan?.fields?.name, job.plan?.memberships?.name].filter((table) => table !== undefined),
    warnings: job.plan?.warnings ?? [],
    members: {
      sent: counts.accepted + counts.rejected + counts['not-in-list'],
      accepted: counts.accepted,
      rejected: counts.rejected,
      notInList: counts['not-in-list'],
    },
    failures: failures.map(withoutWords),
    requests,
    scan: scan === undefined ? null : withoutId(scan),
    queued: live?.queued ?? null,
    nextFlushAt: live?.nextFlushAt ?? null,
    refusedItems: live?.refusedItems ?? 0,
    lastError: job.lastError,
  };
}

/** The words quote the value that was refused. */
const withoutWords = ({ target, code, members }: FailureGroup): Omit<FailureGroup, 'example'> => ({
  target,
  code,
  members,
});

const withoutId = ({ kind, total, done, state, startedAt, endedAt }: Scan): Omit<Scan, 'id'> => ({
  kind,
  total,
  done,
  state,
  startedAt,
  endedAt,
});
