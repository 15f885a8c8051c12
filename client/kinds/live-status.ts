/** What a running workflow says of itself. */
import type { WorkflowHandle } from '@temporalio/client';
import type { QueryDefinition } from '@temporalio/common';

const answerWithinMs = 5_000;

/** Undefined where it has ended or no worker answers. */
export async function liveStatus<Status>(
  handle: WorkflowHandle,
  query: QueryDefinition<Status>,
): Promise<Status | undefined> {
  try {
    return await handle.client.withDeadline(Date.now() + answerWithinMs, () => handle.query(query));
  } catch {
    return undefined;
  }
}
