/**
 * The messages of Import Activity Data: what people and the client send its workflow and ask it.
 */
import { defineQuery, defineUpdate } from '@temporalio/workflow';

/** `parked`: something that only a person can mend; it waits for `resume`. */
export type ImportState = 'checking' | 'running' | 'paused' | 'parked' | 'stopping';

export interface ImportStatus {
  readonly state: ImportState;
  readonly reason: string;
  /** Files that are being read. */
  readonly reading: number;
  /** ISO time of the next look at the folder; null while none is due. */
  readonly nextLookAt: string | null;
  /** Event files of other accounts or earlier days, and files that are none, at the last look. */
  readonly leftAlone: number;
}

export const importStatusQuery = defineQuery<ImportStatus>('status');
export const pauseImportUpdate = defineUpdate<ImportStatus>('pause');
export const resumeImportUpdate = defineUpdate<ImportStatus>('resume');
export const stopImportUpdate = defineUpdate<ImportStatus>('stop');
/** Look at the folder at once. */
export const pollUpdate = defineUpdate<ImportStatus>('poll');

/** What an import that stops says at its end. */
export interface ImportEnd {
  readonly reason: string;
}
