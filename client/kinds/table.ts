/**
 * The kinds of job, one entry each: whichever a file or a job is of, the commands find it here.
 */
import { ExpectedError } from '../../jobs/errors.ts';
import type { Database } from '../../systems/store/database.ts';
import { kindOfJob } from '../../systems/store/jobs.ts';
import { campaignKind } from '../campaigns/kind.ts';
import { importKind } from '../imports/kind.ts';
import { notInFile, parseFile } from '../job-file.ts';
import { exportKind } from '../jobs/kind.ts';
import type { JobInFile, JobKind } from './kind.ts';

export const jobKinds: ReadonlyMap<string, JobKind> = new Map([
  ['export-audience', exportKind],
  ['import-activity', importKind],
  ['export-campaign', campaignKind],
]);

/** @throws ExpectedError INPUT_NOT_VALID with every fault of the file, one a line */
export async function readJobFile(path: string): Promise<JobInFile> {
  const content = await parseFile(path);
  const name = typeof content === 'object' && content !== null && 'job' in content ? content.job : undefined;
  const kind = typeof name === 'string' ? jobKinds.get(name) : undefined;
  if (kind !== undefined) return kind.read(path, content);
  const given = name === undefined ? 'is missing' : `${JSON.stringify(name)} is no kind of job`;
  throw notInFile(path, [`job: ${given}; there are ${[...jobKinds.keys()].join(', ')}`]);
}

/** @param name the job's id or label. @throws ExpectedError NOT_FOUND */
export async function kindNamed(database: Database, name: string): Promise<JobKind> {
  const kind = jobKinds.get((await kindOfJob(database, name)) ?? '');
  if (kind === undefined) throw new ExpectedError('NOT_FOUND', `job: there is none called "${name}".`);
  return kind;
}
