/**
 * How a campaign job stands: what the store and the running workflow say of it, together. Nobody's data is in
 * it: Responsys' own words are left to `jobs failures`.
 */
import type { Client } from '@temporalio/client';
import { exportCampaignWorkflowId } from '../../jobs/job-id.ts';
import { statusQuery } from '../../jobs/messages.ts';
import { findAuthorization } from '../../systems/store/authorizations.ts';
import { readMailOutcomes } from '../../systems/store/campaign-counts.ts';
import type { CampaignJob } from '../../systems/store/campaign-jobs.ts';
import { findCampaignJob } from '../../systems/store/campaign-jobs.ts';
import type { Pool } from '../../systems/store/database.ts';
import { readRequestTotals } from '../../systems/store/ledger.ts';
import { latestScan } from '../../systems/store/scans.ts';
import { liveStatus } from '../kinds/live-status.ts';

export type CampaignSummary = Awaited<ReturnType<typeof summariseCampaign>>;

/** What `jobs list` has of it as well. */
export async function summariseMails(store: Pool, job: CampaignJob) {
  const { entered, fates, rejectedBecause } = await readMailOutcomes(store, job.id);
  return {
    id: job.id,
    label: job.label,
    kind: 'export-campaign',
    state: job.state,
    reason: job.stateReason,
    entered,
    fates,
    rejectedBecause,
  };
}

/** @param name the job's label or id. @throws ExpectedError NOT_FOUND */
export async function summariseCampaign(store: Pool, temporal: Client, name: string) {
  const job = await findCampaignJob(store, name);
  const handle = temporal.workflow.getHandle(exportCampaignWorkflowId(job.id));
  const [mails, requests, scan, authorization, live] = await Promise.all([
    summariseMails(store, job),
    readRequestTotals(store, job.id),
    latestScan(store, job.id),
    findAuthorization(store, job.authorizationId),
    liveStatus(handle, statusQuery),
  ]);
  const { audience, campaign, emailField } = job.configuration;
  return {
    ...mails,
    audience,
    campaign,
    purpose: job.plan?.purpose ?? null,
    list: job.plan?.list ?? null,
    emailField,
    fieldsTable: job.plan?.fields?.name ?? null,
    authorization: authorization.label,
    warnings: job.plan?.warnings ?? [],
    requests,
    scan:
      scan === undefined
        ? null
        : {
            kind: scan.kind,
            total: scan.total,
            done: scan.done,
            state: scan.state,
            startedAt: scan.startedAt,
            endedAt: scan.endedAt,
          },
    queued: live?.queued ?? null,
    nextFlushAt: live?.nextFlushAt ?? null,
    refusedItems: live?.refusedItems ?? 0,
    lastError: job.lastError,
  };
}
