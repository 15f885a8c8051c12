/**
 * Starts an Import Activity Data job: writes it to the store, starts its workflow, and waits until the check
 * against the server has let it go, or has said why not.
 */
import { randomInt } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { TypedSearchAttributes } from '@temporalio/common';
import { readMapping } from '../../activities/importing/lql-mapping.ts';
import type { ImportActivityConfiguration } from '../../jobs/import-activity.ts';
import { importActivityWorkflowId, newJobId, taskQueue } from '../../jobs/job-id.ts';
import { authorizationLabel, hasRejected, jobKind } from '../../jobs/search-attributes.ts';
import type { Pool } from '../../systems/store/database.ts';
import { addImportJob, findImportJob } from '../../systems/store/import-jobs.ts';
import type { ImportJob } from '../../systems/store/import-jobs.ts';
import { importActivity } from '../../workflows/index.ts';
import { importAuthorization } from '../authorizations/import-authorization.ts';
import { describe, removeUnstarted, untilChecked } from '../jobs/start.ts';

/** @throws ExpectedError with what is wrong; nothing was read then */
export async function startNewImport(
  store: Pool,
  temporal: Client,
  configuration: ImportActivityConfiguration,
): Promise<ImportJob> {
  const authorization = await importAuthorization(store, configuration.authorization);
  readMapping(configuration.mapping);
  const id = newJobId(() => randomInt(256));
  await addImportJob(store, id, authorization.id, configuration);
  try {
    await launchImport(store, temporal, await findImportJob(store, id));
  } catch (error) {
    // Refused before its first look: the label is free for the corrected file.
    await removeUnstarted(store, id, error);
    throw error;
  }
  return findImportJob(store, id);
}

/** Starts the workflow of a job that is `starting`, and waits for the check. @throws ExpectedError */
export async function launchImport(
  store: Pool,
  temporal: Client,
  { id, configuration }: ImportJob,
): Promise<void> {
  const { mapping, ...shown } = configuration;
  const handle = await temporal.workflow.start(importActivity, {
    workflowId: importActivityWorkflowId(id),
    taskQueue,
    // Whoever else launches it at this moment means the same.
    workflowIdConflictPolicy: 'USE_EXISTING',
    args: [{ jobId: id, parallelFiles: configuration.parallelFiles }],
    staticSummary: configuration.label,
    staticDetails: describe({ ...shown, mapping: mapping === undefined ? 'the default one' : 'an own one' }),
    typedSearchAttributes: new TypedSearchAttributes([
      { key: jobKind, value: 'import-activity' },
      { key: authorizationLabel, value: configuration.authorization },
      { key: hasRejected, value: false },
    ]),
  });
  await untilChecked(handle, async () => findImportJob(store, id));
}
