/**
 * Starts an Export Audiences to Campaign job: writes it to the store, starts its workflow, and waits until the
 * check against the account has let it go, or has said why not.
 */
import { randomInt } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { TypedSearchAttributes } from '@temporalio/common';
import { findCampaignAudiences } from '../../activities/campaign-account.ts';
import { ExpectedError } from '../../jobs/errors.ts';
import type { ExportCampaignConfiguration } from '../../jobs/export-campaign.ts';
import { exportCampaignWorkflowId, newJobId, taskQueue } from '../../jobs/job-id.ts';
import { authorizationLabel, hasRejected, jobKind, sourceAudience } from '../../jobs/search-attributes.ts';
import { addCampaignJob, findCampaignJob } from '../../systems/store/campaign-jobs.ts';
import type { CampaignJob } from '../../systems/store/campaign-jobs.ts';
import type { Pool } from '../../systems/store/database.ts';
import { transaction } from '../../systems/store/database.ts';
import { exportCampaign } from '../../workflows/index.ts';
import { exportAuthorization } from '../authorizations/export-authorization.ts';
import { describe, removeUnstarted, untilChecked } from '../jobs/start.ts';

/** @throws ExpectedError with what is wrong; nothing was sent then */
export async function startCampaign(
  store: Pool,
  temporal: Client,
  configuration: ExportCampaignConfiguration,
): Promise<CampaignJob> {
  const authorization = await exportAuthorization(store, configuration.authorization);
  const { found, faults } = await findCampaignAudiences(store, configuration);
  if (faults.length > 0) throw new ExpectedError('NOT_FOUND', faults.map((fault) => `${fault}.`).join('\n'));
  const id = newJobId(() => randomInt(256));
  const audienceIds = found.map((audience) => audience.id);
  await transaction(store, (database) =>
    addCampaignJob(database, { id, configuration, authorizationId: authorization.id, audienceIds }),
  );
  try {
    return await launchCampaign(store, temporal, await findCampaignJob(store, id));
  } catch (error) {
    // Refused before its first send: nothing was sent, and the label is free for the corrected file.
    await removeUnstarted(store, id, error);
    throw error;
  }
}

/** Starts the workflow of a job that is `starting`, and waits for the check. @throws ExpectedError */
export async function launchCampaign(
  store: Pool,
  temporal: Client,
  { id, configuration }: CampaignJob,
): Promise<CampaignJob> {
  const { label, batchSize, flushInterval, backfill, canary } = configuration;
  const handle = await temporal.workflow.start(exportCampaign, {
    workflowId: exportCampaignWorkflowId(id),
    taskQueue,
    // Whoever else launches it at this moment means the same.
    workflowIdConflictPolicy: 'USE_EXISTING',
    args: [{ jobId: id, batchSize, flushIntervalMs: flushInterval, backfill, canary }],
    staticSummary: label,
    staticDetails: describe(configuration),
    typedSearchAttributes: new TypedSearchAttributes([
      { key: jobKind, value: 'export-campaign' },
      { key: sourceAudience, value: configuration.audience.join(', ') },
      { key: authorizationLabel, value: configuration.authorization },
      { key: hasRejected, value: false },
    ]),
  });
  await untilChecked(handle, () => findCampaignJob(store, id));
  return findCampaignJob(store, id);
}
