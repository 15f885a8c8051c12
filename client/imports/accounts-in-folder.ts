/**
 * Whose event files lie in a folder: accounts by the number with which a file's name begins.
 */
import { eventFilesOf } from '../../systems/sftp/index.ts';
import type { ListedFile } from '../../systems/sftp/readiness.ts';

/** Days of the first and the last of some files, such as `20260131`. */
export interface Days {
  readonly from: string;
  readonly to: string;
}

export interface AccountInFolder extends Days {
  readonly accountId: string;
  readonly files: number;
}

export function daysOf(files: readonly { readonly stamp: string }[]): Days {
  const days = files.map(({ stamp }) => stamp.slice(0, 8)).sort();
  return { from: days[0] ?? '', to: days.at(-1) ?? '' };
}

export const accountsOf = (files: readonly ListedFile[]): readonly AccountInFolder[] =>
  Array.from(
    Map.groupBy(eventFilesOf(files), ({ accountId }) => accountId),
    ([accountId, own]) => ({ accountId, files: own.length, ...daysOf(own) }),
  );
