/**
 * Whose event files lie in a folder: accounts by the number with which a file's name begins.
 */
import { eventFilesOf } from '../../systems/sftp/index.ts';
import type { ListedFile } from '../../systems/sftp/readiness.ts';

export interface AccountInFolder {
  readonly accountId: string;
  readonly files: number;
  /** Days of the first and the last, such as `20260131`. */
  readonly from: string;
  readonly to: string;
}

export const accountsOf = (files: readonly ListedFile[]): readonly AccountInFolder[] =>
  Array.from(
    Map.groupBy(eventFilesOf(files), ({ accountId }) => accountId),
    ([accountId, own]) => {
      const days = own.map(({ stamp }) => stamp.slice(0, 8)).sort();
      return { accountId, files: own.length, from: days[0] ?? '', to: days.at(-1) ?? '' };
    },
  );
