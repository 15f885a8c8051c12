/**
 * `jobs retry` of an export, to lists or to a campaign: rejected members are sent again.
 */
import type { WorkflowHandle } from '@temporalio/client';
import { notValid } from '../../jobs/errors.ts';
import type { Output } from '../output.ts';
import { retryRejected } from './steer.ts';

interface RetriedJob {
  readonly id: string;
  readonly label: string;
  readonly state: string;
}

/**
 * @param failures the job's, by reason
 * @param reason of those that are sent again; all of them unless given
 */
export async function retryMembers(
  output: Output,
  handle: WorkflowHandle,
  job: RetriedJob,
  failures: readonly { readonly code: string; readonly members: number }[],
  reason: string | undefined,
): Promise<void> {
  const codes = [...new Set(failures.map(({ code }) => code))];
  if (reason !== undefined && !codes.includes(reason))
    throw notValid(
      '--reason',
      `nobody is rejected for "${reason}"; ${codes.length === 0 ? 'nobody is rejected at all' : `there are ${codes.join(', ')}`}`,
    );
  const members = failures
    .filter(({ code }) => reason === undefined || code === reason)
    .reduce((sum, group) => sum + group.members, 0);
  if (members > 0) await retryRejected(handle, job, reason);
  output.result({ job: job.id, members });
  output.line(
    members === 0
      ? `${job.label}: no member is rejected.`
      : `${job.label}: ${members} rejected members are sent again.`,
  );
}
