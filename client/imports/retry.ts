/**
 * `jobs retry` of an import: files that failed or were set aside are taken again.
 */
import { retryFiles } from '../../systems/store/event-files.ts';
import type { ImportJob } from '../../systems/store/import-jobs.ts';
import type { Context } from '../context.ts';
import type { Output } from '../output.ts';
import { steerImport } from './steer.ts';

/** @param file the name of one; all of them unless given */
export async function retryImport(
  context: Context,
  output: Output,
  job: ImportJob,
  file: string | undefined,
): Promise<void> {
  const store = await context.store();
  const files = await retryFiles(store, job.id, file);
  if (files > 0 && job.state === 'running')
    await steerImport(context, { ...output, result: () => undefined }, job, 'poll');
  output.result({ job: job.id, files });
  output.line(files === 0 ? 'There is no file to be taken again.' : `${files} files are taken again.`);
}
