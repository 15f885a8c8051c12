/** The schedule that lets people enter and leave audiences by the clock. One for all workers of a namespace. */
import { ScheduleAlreadyRunning, ScheduleOverlapPolicy } from '@temporalio/client';
import type { Client, ScheduleOptions, ScheduleOptionsStartWorkflowAction } from '@temporalio/client';
import { reevaluateScheduleId, taskQueue } from '../jobs/job-id.ts';
import { reevaluateDue } from '../workflows/index.ts';

type Options = ScheduleOptions<ScheduleOptionsStartWorkflowAction<typeof reevaluateDue>>;

/** Makes the schedule, or gives the one that is there this interval. A pause of it stays. */
export async function ensureReevaluateSchedule(temporal: Client, everyMs: number): Promise<void> {
  const options: Options = {
    scheduleId: reevaluateScheduleId,
    spec: { intervals: [{ every: everyMs }] },
    action: {
      type: 'startWorkflow',
      workflowType: reevaluateDue,
      workflowId: reevaluateScheduleId,
      args: [],
      taskQueue,
      staticSummary: 'Audiences by rule: who enters and leaves by the clock',
    },
    // A run sees to all who are due: one that was missed, or is late, is made up for by the next.
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1m' },
  };
  try {
    await temporal.schedule.create(options);
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    const handle = temporal.schedule.getHandle(reevaluateScheduleId);
    const { spec } = await handle.describe();
    if (spec.intervals?.length === 1 && spec.intervals[0]?.every === everyMs) return;
    await handle.update((before) => ({ ...before, spec: options.spec }));
  }
}
