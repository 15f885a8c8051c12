/**
 * What `jobs start`, `list` and `show` do about imports.
 */
import { importActivityWorkflowId } from '../../jobs/job-id.ts';
import type { Pool } from '../../systems/store/database.ts';
import { overdueInWords } from '../../jobs/overdue.ts';
import { findImportJob, readImportJobs } from '../../systems/store/import-jobs.ts';
import type { ImportJob } from '../../systems/store/import-jobs.ts';
import type { Context } from '../context.ts';
import { showFacts } from '../facts.ts';
import type { Fact } from '../facts.ts';
import { refuseLacking } from '../kinds/lacking.ts';
import type { KindsOwn } from '../kinds/lacking.ts';
import type { Output } from '../output.ts';
import { workflowUrl } from '../workflow-url.ts';
import { summariseFiles, summariseImport } from './summary.ts';

/** @throws ExpectedError NOT_FOUND, NOT_NOW where it is no import */
export async function importOnly(store: Pool, command: KindsOwn, name: string): Promise<ImportJob> {
  await refuseLacking(store, command, name);
  return findImportJob(store, name);
}

export const listImports = async (store: Pool) =>
  Promise.all((await readImportJobs(store)).map((job) => summariseFiles(store, job)));

export async function showImport(context: Context, output: Output, job: ImportJob): Promise<void> {
  const summary = await summariseImport(await context.store(), await context.temporal(), job);
  const url = workflowUrl(context, importActivityWorkflowId(job.id));
  output.result({ ...summary, url });
  const { files, events } = summary;
  const rows: Fact[] = [
    ['job', `${job.label} (${job.id})`],
    ['state', summary.reason === '' ? summary.state : `${summary.state}: ${summary.reason}`],
    ['authorization', summary.authorization],
    ['folder', job.configuration.folder === '' ? 'the authorization’s' : job.configuration.folder],
    ['accounts', job.configuration.accountIds.join(', ') || 'all'],
    ['files found', files.found],
    ['done', files.done],
    ['delivered again', files.repeated],
    ['not whole yet', files.waiting],
    ['to be tried again', files.failed],
    ['set aside', files.setAside],
    ['left alone', summary.leftAlone ?? 'unknown: its workflow does not answer'],
    ['events', events.total],
    ...Object.entries(events.byType).map(([type, count]) => [`  ${type}`, count] as const),
    ['rows known already', events.known],
    ['rows rejected', events.rejected],
    ['events about nobody', events.nobodys],
    ['next look', summary.nextLookAt ?? '–'],
  ];
  if (files.failed + files.setAside > 0)
    rows.push(['which files, and why', `lytics-responsys jobs files ${job.id}`]);
  if (events.rejected > 0) rows.push(['which rows, and why', `lytics-responsys jobs rejected ${job.id}`]);
  for (const type of summary.overdue) rows.push(['late', overdueInWords(type)]);
  if (summary.lastError !== null) rows.push(['last error', summary.lastError]);
  if (url !== undefined) rows.push(['Web UI', url]);
  showFacts(output, rows);
}
