/**
 * Responsys' event files on their SFTP server, as the rest of this project sees them: a folder that is looked
 * at, files that are fetched, proven whole and read row by row. What is odd about SSH, PGP and archives is
 * known in this folder and nowhere else.
 */
import { posix } from 'node:path';
import { connect } from './connection.ts';
import type { SftpLogin } from './connection.ts';
import { download } from './download.ts';
import type { Download, DownloadOptions } from './download.ts';
import { readFileName } from './file-name.ts';
import type { EventFileName } from './file-name.ts';
import { joinFolders, listFolder, putAway } from './folder.ts';
import type { Folder } from './folder.ts';
import { defaultReadiness, readCount } from './readiness.ts';
import type { ListedFile } from './readiness.ts';
import { readRemoteFile } from './remote-reads.ts';

export { readHostKey } from './connection.ts';
export { openEventTimes } from './event-time.ts';
export { unlockPgpKey } from './pgp-key.ts';
export type { PgpKeyFields } from './pgp-key.ts';
export { defaultReadiness, look } from './readiness.ts';
export { prove, readRows } from './rows/read-rows.ts';
export { isBad } from './rows/reading.ts';

export interface EventFolder {
  readonly hostKeyFingerprint: string;
  list(): Promise<Folder>;
  /** The number of rows that a count file tells; undefined where it tells none. */
  readCountFile(name: string): Promise<number | undefined>;
  download(file: ListedFile, options: DownloadOptions): Download;
  /** What becomes of a file when it is done. A relative folder lies below this one. */
  putAway(name: string, to: { readonly move: string } | 'delete'): Promise<void>;
  close(): Promise<void>;
}

/** A count file holds a number, and perhaps a line around it. */
const maxCountFileBytes = 64 * 1024;

/**
 * Logs in. Every call throws ExpectedError.
 * @param folders the authorization's, and below it the job's
 */
export async function openFolder(
  login: SftpLogin,
  folders: { readonly folder: string; readonly below?: string },
  signal?: AbortSignal,
): Promise<EventFolder> {
  const connection = await connect(login, signal);
  const folder = joinFolders(folders.folder, folders.below ?? '');
  const pathOf = (name: string): string => posix.join(folder, name);
  return {
    hostKeyFingerprint: connection.hostKeyFingerprint,
    list: () => listFolder(connection, folder),
    readCountFile: async (name) => {
      const blocks: Buffer[] = [];
      for await (const block of readRemoteFile(connection, pathOf(name), maxCountFileBytes, signal))
        blocks.push(block);
      return readCount(Buffer.concat(blocks).toString('utf8'));
    },
    download: (file, options) => download(connection, pathOf(file.name), file, options),
    putAway: (name, to) => putAway(connection, pathOf(name), to),
    close: () => connection.close(),
  };
}

/** Those of a listing that are event files by their names, markers and count files aside. */
export const eventFilesOf = (files: readonly ListedFile[]): readonly EventFileName[] =>
  files
    .map(({ name }) => readFileName(name, defaultReadiness))
    .flatMap((named) => (named.role === 'events' ? [named.file] : []));
