/**
 * Starts an Export Audience job: writes it to the store, starts its workflow, and waits until the check
 * against the account has let it go, or has said why not.
 */
import { randomInt } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { WorkflowFailedError } from '@temporalio/client';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { TypedSearchAttributes } from '@temporalio/common';
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
import { findAuthorization } from '../../systems/store/authorizations.ts';
import { findAudience, summariseAudiences } from '../../systems/store/audiences.ts';
import type { Audience } from '../../systems/store/audiences.ts';
import type { Pool } from '../../systems/store/database.ts';
import { transaction } from '../../systems/store/database.ts';
import { addJob, findJob, freeLabel, setJobState } from '../../systems/store/jobs.ts';
import type { Job } from '../../systems/store/jobs.ts';
import { exportAudience } from '../../workflows/index.ts';

/** How long a job may be checked before the command says that it goes on without being waited for. */
const checkWithinMs = 60_000;

/** @throws ExpectedError with what is wrong; nothing was sent then */
export async function startJob(
  store: Pool,
  temporal: Client,
  configuration: ExportAudienceConfiguration,
): Promise<Job> {
  const authorization = await findAuthorization(store, configuration.authorization);
  if (authorization.kind !== 'responsys-interact')
    throw new ExpectedError(
      'AUTHORIZATION_KIND',
      `authorization: "${authorization.label}" is of the kind ${authorization.kind}; Export Audience takes responsys-interact.`,
    );
  const source = await audienceNamed(store, 'audience', configuration.audience);
  const exported: Audience[] = [];
  for (const name of configuration.exportAudienceMemberships)
    exported.push(await audienceNamed(store, 'exportAudienceMemberships', name));

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
    const handle = await temporal.workflow.start(exportAudience, {
      workflowId: exportAudienceWorkflowId(id),
      taskQueue,
      args: [{ jobId: id, batchSize: configuration.batchSize, flushIntervalMs: configuration.flushInterval }],
      staticSummary: configuration.label,
      staticDetails: describe(configuration),
      typedSearchAttributes: new TypedSearchAttributes([
        { key: jobKind, value: 'export-audience' },
        { key: sourceAudience, value: configuration.audience },
        { key: responsysList, value: configuration.list },
        { key: authorizationLabel, value: authorization.label },
        { key: hasRejected, value: false },
      ]),
    });
    await untilChecked(handle, () => findJob(store, id));
  } catch (error) {
    // Refused before its first send: nothing was sent, and the label is free for the corrected file.
    await removeUnstarted(store, id, error);
    throw error;
  }
  return findJob(store, id);
}

async function audienceNamed(store: Pool, field: string, name: string): Promise<Audience> {
  const audience = await findAudience(store, name);
  if (audience !== undefined) return audience;
  const names = (await summariseAudiences(store)).map((one) => `"${one.name}"`).join(', ');
  throw new ExpectedError(
    'NOT_FOUND',
    `${field}: there is no audience "${name}"; there ${names === '' ? 'are none yet: see "audiences import"' : `are ${names}`}.`,
  );
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
  const until = Date.now() + checkWithinMs;
  for (;;) {
    await wait(200);
    const { status } = await handle.describe();
    if (status.name !== 'RUNNING') throw asExpected(await handle.result().catch((error: unknown) => error));
    const job = await read();
    if (job.state === 'running') return;
    if (Date.now() < until) continue;
    if (job.lastError !== null)
      throw new ExpectedError(
        'SERVICE_UNAVAILABLE',
        `${job.lastError}. The job goes on trying; see "jobs show ${job.id}".`,
      );
    const answers = await Promise.race([
      handle.query(statusQuery).then(
        () => true,
        () => false,
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
  if (!(error instanceof WorkflowFailedError))
    return error instanceof Error ? error : new Error('The job ended at once.');
  const { cause } = error;
  const type = cause !== undefined && 'type' in cause && typeof cause.type === 'string' ? cause.type : '';
  const code: ErrorCode = type in errorKinds ? (type as ErrorCode) : 'CONFIGURATION_REFUSED';
  return new ExpectedError(code, cause?.message ?? error.message);
}

/** The configuration as the Web UI shows it, in Markdown. */
export function describe(configuration: Readonly<Record<string, unknown>>): string {
  const rows = Object.entries(configuration).filter(([, value]) => value !== '' && value !== undefined);
  const text = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
  return [
    '| setting | value |',
    '|---|---|',
    // As code: Markdown would take the underscores of a column's name for italics.
    ...rows.map(
      ([name, value]) => `| ${name} | \`${text(value).replaceAll('|', '\\|').replaceAll('`', "'")}\` |`,
    ),
  ].join('\n');
}
