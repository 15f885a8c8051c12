/**
 * Tells a job that members changed, in as many signals as their number needs.
 */
import type { WorkflowHandle } from '@temporalio/client';
import { maxMembersPerSignal } from '../jobs/limits.ts';
import type { enterSignal } from '../jobs/messages.ts';

/** @param signal enter, exit or again: they have one form */
export async function signalMembers(
  job: WorkflowHandle,
  signal: typeof enterSignal,
  members: readonly string[],
): Promise<void> {
  for (let from = 0; from < members.length; from += maxMembersPerSignal)
    await job.signal(signal, { members: members.slice(from, from + maxMembersPerSignal) });
}
