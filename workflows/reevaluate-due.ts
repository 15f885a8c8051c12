/**
 * Lets people enter and leave audiences by rule as time goes by. Started by a schedule: each run looks at those
 * who are due and ends, so that no history grows; what it does not come to, the next one does.
 */
import { proxyActivities } from '@temporalio/workflow';
import type { ReevaluateActivities } from '../activities/reevaluate-due.ts';

const { reevaluateDue: reevaluate } = proxyActivities<ReevaluateActivities>({
  // Of one attempt: by a new rule everybody is looked at in one.
  startToCloseTimeout: '1 day',
  heartbeatTimeout: '30s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1m' },
});

const stepMs = 60_000;
const mostSteps = 60;

/** @returns how many profiles were looked at */
export async function reevaluateDue(): Promise<number> {
  let profiles = 0;
  for (let step = 1; step <= mostSteps; step++) {
    const done = await reevaluate.executeWithOptions({ summary: 'look at those who are due' }, [stepMs]);
    profiles += done.profiles;
    if (!done.isMore) break;
  }
  return profiles;
}
