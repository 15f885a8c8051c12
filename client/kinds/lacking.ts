/**
 * What is said where a command of `jobs` is not for the kind of the job that is named: which kind it is of, and what
 * that kind has in the command's place.
 */
import { ExpectedError } from '../../jobs/errors.ts';
import type { Database } from '../../systems/store/database.ts';
import { kindOfJob } from '../../systems/store/jobs.ts';

export const titles = {
  'export-audience': 'Export Audience',
  'export-campaign': 'Export Audiences to Campaign',
  'import-activity': 'Import Activity Data',
} as const;
type Kind = keyof typeof titles;

const showsCounts = '"jobs show" has the counts of its members, "jobs failures" who was rejected';
const saysOfMails = '"jobs outcomes" says what became of its mails';
const saysOfFiles = '"jobs files" and "jobs rejected" say what became of its files and rows';

/** By command, or option of one, what each kind that lacks it has in its place. */
export const inPlaceOf = {
  verify: { 'export-campaign': saysOfMails, 'import-activity': saysOfFiles },
  outcomes: { 'export-audience': showsCounts, 'import-activity': saysOfFiles },
  'send-unknown': {
    'export-audience': 'nothing of it is of unknown fate; "jobs retry" sends rejected members again',
    'import-activity': '"jobs retry" takes files that failed again',
  },
  poll: {
    'export-audience': '"jobs flush" sends what is queued at once',
    'export-campaign': '"jobs flush" mails who is queued at once',
  },
  rebuild: {
    'export-audience': '"jobs backfill" sends all members again',
    'export-campaign': '"jobs backfill" mails members that have no mail of their stay',
  },
  files: { 'export-audience': showsCounts, 'export-campaign': saysOfMails },
  rejected: {
    'export-audience': '"jobs failures" has the members that were rejected',
    'export-campaign': '"jobs failures" has the members that were rejected',
  },
  failures: { 'import-activity': saysOfFiles },
  history: { 'import-activity': '"profiles show" has what events tell of a person' },
  flush: { 'import-activity': '"jobs poll" looks at its folder at once' },
  backfill: { 'import-activity': '"jobs rebuild" builds the profiles anew from what was imported' },
  approve: { 'import-activity': 'it waits for nobody’s approval; "jobs resume" goes on after a pause' },
  'retry --file': {
    'export-audience': '--reason names which of its rejected members',
    'export-campaign': '--reason names which of its rejected members',
  },
  'retry --reason': { 'import-activity': '--file names one of its files' },
  'watch --until-scanned': { 'import-activity': 'it scans no audience; "jobs files" shows what is read' },
} as const satisfies Readonly<Record<string, Partial<Record<Kind, string>>>>;

export type KindsOwn = keyof typeof inPlaceOf;

/** @param name of the job, as it was given */
export function lacking(kind: Kind, command: KindsOwn, name: string): ExpectedError {
  const instead: Partial<Record<Kind, string>> = inPlaceOf[command];
  return new ExpectedError(
    'NOT_NOW',
    `job: "${name}" is of the kind ${titles[kind]} (${kind}), which has no "jobs ${command}": ${instead[kind] ?? 'see "jobs --help"'}.`,
  );
}

/** @throws ExpectedError NOT_NOW where the job is of a kind that lacks this; one that is not there is left to others */
export async function refuseLacking(database: Database, command: KindsOwn, name: string): Promise<void> {
  const kind = await kindOfJob(database, name);
  const lacked: Readonly<Record<string, string>> = inPlaceOf[command];
  if (kind !== undefined && kind in lacked) throw lacking(kind as Kind, command, name);
}
