/** A job that continues as new takes every signal along, whatever its last step was. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { enterSignal, statusQuery } from '../../jobs/messages.ts';
import { temporalEnvironment } from '../harness/temporal.ts';
import { members, running, steps } from './steps.ts';

let environment: TestWorkflowEnvironment;

before(async () => {
  ({ environment } = await temporalEnvironment());
});
after(() => environment.teardown());

const runsToSee = 3;
const atMostMs = 60_000;

test('signalled and asked without a pause, it loses nobody, and none of its runs ends with a local activity', async () => {
  const { activities, batches } = steps();
  const signalled: string[] = [];
  const unsent = (): string[] => {
    const sent = new Set(batches.flatMap((batch) => batch.members));
    return signalled.filter((member) => !sent.has(member));
  };
  await running(
    environment,
    activities,
    async (job) => {
      const { runId } = await job.describe();
      const until = Date.now() + atMostMs;
      let runs = 1;
      let latest = runId;
      const goesOn = (): boolean => runs <= runsToSee && Date.now() < until;
      const counting = async (): Promise<void> => {
        while (goesOn()) {
          const now = (await job.describe()).runId;
          if (now !== latest) runs += 1;
          latest = now;
        }
      };
      const signalling = Array.from({ length: 2 }, async () => {
        while (goesOn()) {
          const ids = members(1);
          signalled.push(...ids);
          await job.signal(enterSignal, { members: ids });
          await wait(10);
        }
      });
      const asking = Array.from({ length: 3 }, async () => {
        while (goesOn()) await job.query(statusQuery);
      });
      await Promise.all([...signalling, ...asking, counting()]);
      for (let look = 0; look < 300 && unsent().length > 0; look++) await wait(100);
      assert.deepEqual(unsent(), [], `of ${signalled.length}`);
      const ends = await endsOfRuns(job, runId);
      assert.ok(ends.length >= runsToSee, `it continued only ${ends.length} times`);
      assert.deepEqual(
        ends.filter((end) => end.marker > end.timer),
        [],
        'the last marker and the last timer of a run',
      );
    },
    { flushIntervalMs: 100, signalsPerRun: 8 },
  );
});

/** Of each run that continued as new: where the last local activity stands in its history, and the last timer. */
async function endsOfRuns(
  job: WorkflowHandle,
  firstRunId: string,
): Promise<readonly { readonly marker: number; readonly timer: number }[]> {
  const ends: { marker: number; timer: number }[] = [];
  for (let runId: string | null | undefined = firstRunId; runId;) {
    const { events } = await environment.client.workflow.getHandle(job.workflowId, runId).fetchHistory();
    const last = (key: 'markerRecordedEventAttributes' | 'timerFiredEventAttributes'): number =>
      (events ?? []).findLastIndex((event) => event[key]);
    runId = events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId;
    if (runId)
      ends.push({ marker: last('markerRecordedEventAttributes'), timer: last('timerFiredEventAttributes') });
  }
  return ends;
}
