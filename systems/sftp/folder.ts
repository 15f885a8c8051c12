/**
 * The folder of event files: which one it is, what lies in it, and what becomes of a file afterwards. Links
 * and folders in it are never followed.
 */
import { posix } from 'node:path';
import type SftpClient from 'ssh2-sftp-client';
import { ExpectedError } from '../../jobs/errors.ts';
import { unavailable } from './connection.ts';
import type { Connection } from './connection.ts';
import type { ListedFile } from './readiness.ts';

export interface Folder {
  /** Absolute, as the server says it. */
  readonly path: string;
  readonly files: readonly ListedFile[];
  /** Names of the folders in it, for somebody who looks for the right one. */
  readonly folders: readonly string[];
  /** Links, pipes and the like. */
  readonly notFiles: number;
}

/** A job's relative folder lies below the authorization's, and that below the user's home. */
export const joinFolders = (ofAuthorization: string, ofJob: string): string =>
  [ofAuthorization, ofJob].reduce(
    (base, folder) => (folder.startsWith('/') ? posix.normalize(folder) : posix.join(base, folder)),
    '.',
  );

/** One listing. @throws ExpectedError CONFIGURATION_REFUSED, SERVICE_UNAVAILABLE */
export async function listFolder({ ask }: Connection, folder: string): Promise<Folder> {
  try {
    const path = await ask((client) => client.realPath(folder));
    const listed = await ask((client) => client.list(path === '' ? folder : path));
    const ofType = (type: string) => listed.filter((one) => (one.type as string) === type);
    return {
      path,
      files: ofType('-').map(({ name, size, modifyTime }) => ({ name, bytes: size, modifiedMs: modifyTime })),
      folders: ofType('d').map(({ name }) => name),
      notFiles: listed.length - ofType('-').length - ofType('d').length,
    };
  } catch (error) {
    throw folderError(folder, error);
  }
}

function folderError(folder: string, error: unknown): ExpectedError {
  const message = error instanceof Error ? error.message : '';
  if (/no such file|bad path|not exist/i.test(message))
    return new ExpectedError('CONFIGURATION_REFUSED', `Folder: there is no "${folder}" on the server.`);
  if (/permission denied/i.test(message))
    return new ExpectedError(
      'CONFIGURATION_REFUSED',
      `Folder: the server lets this user not read "${folder}".`,
    );
  return unavailable(`the folder "${folder}"`, error);
}

/**
 * Moves a file to a folder, which is made where it is missing, or deletes it. Done already is done.
 * @throws ExpectedError SERVICE_UNAVAILABLE, CONFIGURATION_REFUSED
 */
export async function putAway(
  { ask }: Connection,
  path: string,
  to: { readonly move: string } | 'delete',
): Promise<void> {
  try {
    await ask((client) => putAwayBy(client, path, to));
  } catch (error) {
    throw folderError(path, error);
  }
}

async function putAwayBy(
  client: SftpClient,
  path: string,
  to: { readonly move: string } | 'delete',
): Promise<void> {
  if ((await client.exists(path)) === false) return;
  if (to === 'delete') await client.delete(path, true);
  else {
    const folder = posix.isAbsolute(to.move) ? to.move : posix.join(posix.dirname(path), to.move);
    if ((await client.exists(folder)) === false) await client.mkdir(folder, true);
    const target = posix.join(folder, posix.basename(path));
    // A file delivered twice under one name: the one that was there first is another file, and stays.
    const isTaken = (await client.exists(target)) !== false;
    await client.rename(path, isTaken ? `${target}.${Date.now()}` : target);
  }
}
