/**
 * Starts an Export Audience job: writes it to the store, starts its workflow, and waits until the check
 * against the account has let it go, or has said why not.
 */
import { randomInt } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { QueryNotRegisteredError, WorkflowFailedError } from '@temporalio/client';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { TypedSearchAttributes } from '@temporalio/common';
import { findNamedAudiences } from '../../activities/account-planning.ts';
import { ExpectedError, errorKinds } from '../../jobs/errors.ts';
import type { ErrorCode } from '../../jobs/errors.ts';
import type { ExportAudienceConfiguration } from '../../jobs/export-audience.ts';
import { exportAudienceWorkflowId, newJobId, taskQueue } from '../../jobs/job-id.ts';
import { statusQuery } from '../../jobs/messages.ts';
import {
  authorizationLabel,
  hasRejected,
  jobKind,
  responsysList,
  sourceAudience,
} from '../../jobs/search-attributes.ts';
import type { Audience } from '../../systems/store/audiences.ts';
import type { Pool } from '../../systems/store/database.ts';
import { transaction } from '../../systems/store/database.ts';
import { addJob, findJob, freeLabel, setJobState } from '../../systems/store/jobs.ts';
import type { Job } from '../../systems/store/jobs.ts';
import { exportAudience } from '../../workflows/index.ts';
import { exportAuthorization } from '../authorizations/export-authorization.ts';
import { settingText } from './setting-text.ts';

/** How long a job may be checked before the command says that it goes on without being waited for. */
const checkWithinMs = 60_000;
/** The same where a service fails: a short fault is waited out, one that lasts is told. */
const mendWithinMs = 15_000;

/** @throws ExpectedError with what is wrong; nothing was sent then */
export async function startJob(
  store: Pool,
  temporal: Client,
  configuration: ExportAudienceConfiguration,
): Promise<Job> {
  const authorization = await exportAuthorization(store, configuration.authorization);
  const { source, exported } = await audiencesOf(store, configuration);

  const id = newJobId(() => randomInt(256));
  await transaction(store, (database) =>
    addJob(database, {
      id,
      configuration,
      authorizationId: authorization.id,
      sourceAudienceId: source.id,
      exportedAudienceIds: exported.map((audience) => audience.id),
    }),
  );
  try {
    return await launch(store, temporal, await findJob(store, id));
  } catch (error) {
    // Refused before its first send: nothing was sent, and the label is free for the corrected file.
    await removeUnstarted(store, id, error);
    throw error;
  }
}

/**
 * Starts the workflow of a job that is `starting`, where it does not run yet, and waits for the check.
 * @throws ExpectedError with what is wrong
 */
export async function launch(store: Pool, temporal: Client, { id, configuration }: Job): Promise<Job> {
  const handle = await temporal.workflow.start(exportAudience, {
    workflowId: exportAudienceWorkflowId(id),
    taskQueue,
    // Whoever else launches it at this moment means the same.
    workflowIdConflictPolicy: 'USE_EXISTING',
    args: [
      {
        jobId: id,
        batchSize: configuration.batchSize,
        flushIntervalMs: configuration.flushInterval,
        canary: configuration.canary,
      },
    ],
    staticSummary: configuration.label,
    staticDetails: describe(configuration),
    typedSearchAttributes: new TypedSearchAttributes([
      { key: jobKind, value: 'export-audience' },
      { key: sourceAudience, value: configuration.audience },
      { key: responsysList, value: configuration.list },
      { key: authorizationLabel, value: configuration.authorization },
      { key: hasRejected, value: false },
    ]),
  });
  await untilChecked(handle, () => findJob(store, id));
  return findJob(store, id);
}

/** @throws ExpectedError NOT_FOUND with all that are missing */
async function audiencesOf(
  store: Pool,
  configuration: ExportAudienceConfiguration,
): Promise<{ readonly source: Audience; readonly exported: readonly Audience[] }> {
  const { source, exported, faults } = await findNamedAudiences(store, configuration);
  if (source === undefined || faults.length > 0)
    throw new ExpectedError('NOT_FOUND', faults.map((fault) => `${fault}.`).join('\n'));
  return { source, exported };
}

export async function removeUnstarted(store: Pool, id: string, error: unknown): Promise<void> {
  if (error instanceof ExpectedError && errorKinds[error.code].retried) return;
  await setJobState(
    store,
    id,
    'failed',
    error instanceof ExpectedError ? error.message : 'It could not be started.',
  );
  await freeLabel(store, id);
}

export async function untilChecked(
  handle: WorkflowHandle,
  read: () => Promise<Pick<Job, 'id' | 'state' | 'lastError'>>,
): Promise<void> {
  const begunMs = Date.now();
  for (;;) {
    await wait(200);
    const { status } = await handle.describe();
    if (status.name !== 'RUNNING') throw asExpected(await handle.result().catch((error: unknown) => error));
    const job = await read();
    if (job.state !== 'starting' && job.state !== 'failed') return;
    const waitedMs = Date.now() - begunMs;
    if (job.lastError !== null && waitedMs >= mendWithinMs)
      throw new ExpectedError(
        'SERVICE_UNAVAILABLE',
        `${job.lastError}. The job goes on trying; see "jobs show ${job.id}".`,
      );
    if (waitedMs < checkWithinMs) continue;
    const answers = await Promise.race([
      handle.query(statusQuery).then(
        () => true,
        // A worker that refuses it is one.
        (error: unknown) => error instanceof QueryNotRegisteredError,
      ),
      wait(5_000, false),
    ]);
    if (!answers)
      throw new ExpectedError(
        'NO_WORKER',
        `No worker took the job up within a minute; it starts as soon as one runs ("npm run worker").`,
      );
  }
}

function asExpected(error: unknown): Error {
  if (error instanceof WorkflowFailedError) return expectedOf(error.cause ?? error, 'CONFIGURATION_REFUSED');
  return error instanceof Error ? error : new Error('The job ended at once.');
}

/** What a workflow says of a failure. @param otherwise the code of one that has none of ours */
export function expectedOf(failure: Error, otherwise: ErrorCode): ExpectedError {
  const type = 'type' in failure && typeof failure.type === 'string' ? failure.type : '';
  return new ExpectedError(type in errorKinds ? (type as ErrorCode) : otherwise, failure.message);
}

/** The configuration as the Web UI shows it, in Markdown. */
export function describe(configuration: Readonly<Record<string, unknown>>): string {
  // What was left out, be it a text or a list, says no more than its absence.
  const rows = Object.entries(configuration).filter(
    ([, value]) => value !== '' && value !== undefined && !(Array.isArray(value) && value.length === 0),
  );
  return [
    '| setting | value |',
    '|---|---|',
    // As code: Markdown would take the underscores of a column's name for italics.
    ...rows.map(
      ([name, value]) =>
        `| ${name} | \`${settingText(name, value).replaceAll('|', '\\|').replaceAll('`', "'")}\` |`,
    ),
  ].join('\n');
}
