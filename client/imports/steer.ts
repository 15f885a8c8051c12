/**
 * Steers a running import: pause, resume, stop, poll.
 */
import {
  pauseImportUpdate,
  pollUpdate,
  resumeImportUpdate,
  stopImportUpdate,
} from '../../jobs/import-messages.ts';
import { importActivityWorkflowId } from '../../jobs/job-id.ts';
import type { ImportJob } from '../../systems/store/import-jobs.ts';
import type { Context } from '../context.ts';
import { telling } from '../jobs/telling.ts';
import type { Steering } from '../kinds/kind.ts';
import { lacking } from '../kinds/lacking.ts';
import type { Output } from '../output.ts';

const updates = {
  pause: pauseImportUpdate,
  resume: resumeImportUpdate,
  stop: stopImportUpdate,
  poll: pollUpdate,
} as const;

const isPossible = (how: Steering | 'poll'): how is keyof typeof updates => how in updates;

/** @throws ExpectedError NOT_NOW with the job's own words, or where imports cannot be steered so */
export async function steerImport(
  context: Context,
  output: Output,
  job: ImportJob,
  how: Steering | 'poll',
): Promise<void> {
  if (!isPossible(how)) throw lacking('import-activity', how, job.label);
  const handle = (await context.temporal()).workflow.getHandle(importActivityWorkflowId(job.id));
  const status = await telling(handle, job, () => handle.executeUpdate(updates[how]));
  output.result({ job: job.id, ...status });
  output.line(`${job.label}: ${status.state}, ${status.reading} files being read.`);
}
