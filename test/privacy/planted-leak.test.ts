/** Today's workflows, with steps and a caller that leak in every place: the search is to find each of them. */
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import { Client } from '@temporalio/client';
import { ApplicationFailure, TypedSearchAttributes, defaultPayloadConverter } from '@temporalio/common';
import { Worker } from '@temporalio/worker';
import { exportAudienceWorkflowId } from '../../jobs/job-id.ts';
import { enterSignal, flushUpdate, statusQuery } from '../../jobs/messages.ts';
import { sourceAudience } from '../../jobs/search-attributes.ts';
import { exportAudience } from '../../workflows/index.ts';
import { temporalEnvironment } from '../harness/temporal.ts';
import { steps } from '../workflows/steps.ts';
import { findCanaries } from './search.ts';
import { temporalSources } from './temporal-sources.ts';

const { environment, namespace } = await temporalEnvironment();
after(() => environment.teardown());

const places = {
  failure: /^(history|description|query)/,
  'failure’s cause': /^(history|description)/,
  'failure’s details': /^(history|description)/,
  'live details': /^query __temporal_workflow_metadata/,
  result: /^history/,
  heartbeat: /^description/,
  'last failure of a pending step': /^description/,
  signal: /^history/,
  header: /^history/,
  memo: /^(history|description|listing)/,
  'search attribute': /^(history|description|listing)/,
  summary: /^(history|description)/,
  details: /^(history|description)/,
};
type Place = keyof typeof places;

const canaries = (Object.keys(places) as Place[]).map((name) => ({
  name,
  value: `${randomBytes(8).toString('hex')}@Example.com`,
}));
const leak = (place: Place): string => canaries.find(({ name }) => name === place)?.value ?? '';

const pending: readonly Place[] = ['heartbeat', 'last failure of a pending step'];

/** What is pending, and the listing, are shown moments later. */
async function untilFound(sought: readonly Place[]): Promise<void> {
  for (let look = 0; ; look++) {
    const finds = findCanaries(canaries, await temporalSources(environment.client, 'planted'));
    const missed = sought.filter(
      (name) => !finds.some(({ canary, place }) => canary === name && places[name].test(place)),
    );
    if (missed.length === 0) return;
    if (look === 60) assert.fail(`not found: ${missed.join(', ')}`);
    await wait(300);
  }
}

test('a leak planted in any place is found there', async () => {
  const { activities } = steps();
  const taskQueue = randomUUID();
  const worker = await Worker.create({
    connection: environment.nativeConnection,
    namespace,
    taskQueue,
    workflowsPath: new URL('../../workflows/index.ts', import.meta.url).pathname,
    activities: {
      ...activities,
      beginScan: () => Promise.resolve({ scanId: leak('result'), total: 0 }),
      // Its first attempt fails, its second is under way for as long as the test looks.
      scanAudience: async () => {
        const context = Context.current();
        if (context.info.attempt === 1) throw new Error(leak('last failure of a pending step'));
        context.heartbeat({ at: leak('heartbeat') });
        await context.cancelled;
      },
      sendBatch: () => {
        const cause = new Error(leak('failure’s cause'));
        const message = `The value ${leak('failure')} is not a valid email address`;
        const details = [{ row: leak('failure’s details') }];
        return Promise.reject(
          ApplicationFailure.create({ message, type: 'REQUEST_REFUSED', nonRetryable: true, cause, details }),
        );
      },
      readProgress: async (jobId: string) => ({
        ...(await activities.readProgress(jobId)),
        lastError: leak('live details'),
      }),
    },
  });
  const headers = { caller: defaultPayloadConverter.toPayload(leak('header')) };
  const client = new Client({
    connection: environment.connection,
    namespace,
    interceptors: { workflow: [{ startWithDetails: (input, next) => next({ ...input, headers }) }] },
  });

  await worker.runUntil(async () => {
    const jobId = 'leaking000';
    const job = await client.workflow.start(exportAudience, {
      workflowId: exportAudienceWorkflowId(jobId),
      taskQueue,
      args: [{ jobId, batchSize: 200, flushIntervalMs: 600_000 }],
      memo: { note: leak('memo') },
      staticSummary: leak('summary'),
      staticDetails: leak('details'),
      typedSearchAttributes: new TypedSearchAttributes([
        { key: sourceAudience, value: leak('search attribute') },
      ]),
    });
    // A job that is parked has its scan rest: what a pending step shows is looked for before.
    await untilFound(pending);
    await job.signal(enterSignal, { members: [leak('signal')] });
    await job.signal(enterSignal, { members: [randomUUID()] });
    await job.executeUpdate(flushUpdate);
    while ((await job.query(statusQuery)).state !== 'parked') await wait(100);
    await untilFound((Object.keys(places) as Place[]).filter((place) => !pending.includes(place)));
    await job.terminate();
  });
});
