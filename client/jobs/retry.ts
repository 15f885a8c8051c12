/**
 * `jobs retry` of an export: rejected members are sent again.
 */
import { notValid } from '../../jobs/errors.ts';
import { exportAudienceWorkflowId } from '../../jobs/job-id.ts';
import { findJob } from '../../systems/store/jobs.ts';
import { groupFailures } from '../../systems/store/ledger.ts';
import type { Context } from '../context.ts';
import type { Output } from '../output.ts';
import { retryRejected } from './steer.ts';

/** @param reason of those that are sent again; all of them unless given */
export async function retryMembers(
  context: Context,
  output: Output,
  name: string,
  reason: string | undefined,
): Promise<void> {
  const store = await context.store();
  const job = await findJob(store, name);
  const failures = await groupFailures(store, job.id);
  const codes = [...new Set(failures.map(({ code }) => code))];
  if (reason !== undefined && !codes.includes(reason))
    throw notValid(
      '--reason',
      `nobody is rejected for "${reason}"; ${codes.length === 0 ? 'nobody is rejected at all' : `there are ${codes.join(', ')}`}`,
    );
  const members = failures
    .filter(({ code }) => reason === undefined || code === reason)
    .reduce((sum, group) => sum + group.members, 0);
  if (members > 0) {
    const handle = (await context.temporal()).workflow.getHandle(exportAudienceWorkflowId(job.id));
    await retryRejected(handle, job, reason);
  }
  output.result({ job: job.id, members });
  output.line(
    members === 0
      ? `${job.label}: no member is rejected.`
      : `${job.label}: ${members} rejected members are sent again.`,
  );
}
