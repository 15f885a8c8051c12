/**
 * A file of the folder onto this machine's disk, byte for byte as it came, sealed on the way (sealed-file.ts).
 * It is whole when as many bytes came as were listed, and the server shows the same size and time afterwards.
 * It can be read meanwhile, all but its last block: so nobody comes to the end of a file that is not whole.
 */
import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { ExpectedError } from '../../jobs/errors.ts';
import { unavailable } from './connection.ts';
import type { Connection } from './connection.ts';
import type { ListedFile } from './readiness.ts';
import { readRemoteFile } from './remote-reads.ts';
import { sealWhileRead } from './sealed-file.ts';
import type { SealedFile } from './sealed-file.ts';

export interface Download {
  /** Whoever reads it waits for what has not come yet. */
  readonly spooled: SealedFile;
  /**
   * When the file is whole. Nothing is left behind when it fails.
   * @throws ExpectedError FILE_CHANGED, FILE_GONE, SERVICE_UNAVAILABLE; the signal's reason
   */
  readonly fetched: Promise<Fetched>;
}

export interface Fetched {
  /** Of the bytes as they came, in hex. */
  readonly sha256: string;
}

export interface DownloadOptions {
  /** Where it is put: replaced, if an attempt before left something there. */
  readonly spoolPath: string;
  readonly signal?: AbortSignal | undefined;
  /** Called with the bytes so far, for a heartbeat. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
}

export function download(
  connection: Connection,
  path: string,
  listed: Pick<ListedFile, 'bytes' | 'modifiedMs'>,
  { spoolPath, signal, onProgress }: DownloadOptions,
): Download {
  const hash = createHash('sha256');
  const received = async function* (): AsyncGenerator<Buffer> {
    await checkUnchanged(connection, path, listed);
    let bytes = 0;
    for await (const block of readRemoteFile(connection, path, listed.bytes, signal)) {
      hash.update(block);
      bytes += block.length;
      onProgress?.(bytes);
      yield block;
    }
    if (bytes !== listed.bytes) throw changed(path, `${bytes} bytes came, ${listed.bytes} were listed`);
    await checkUnchanged(connection, path, listed);
  };
  const { sealed, done } = sealWhileRead(spoolPath, received(), listed.bytes);
  const fetch = async (): Promise<Fetched> => {
    try {
      await done;
      return { sha256: hash.digest('hex') };
    } catch (error) {
      await rm(spoolPath, { force: true });
      signal?.throwIfAborted();
      throw error instanceof ExpectedError ? error : downloadError(path, error);
    }
  };
  return { spooled: sealed, fetched: fetch() };
}

async function checkUnchanged(
  { ask }: Connection,
  path: string,
  listed: Pick<ListedFile, 'bytes' | 'modifiedMs'>,
): Promise<void> {
  const now = await ask((client) => client.stat(path));
  if (now.size !== listed.bytes || now.modifyTime !== listed.modifiedMs)
    throw changed(path, `${now.size} bytes now, ${listed.bytes} were listed`);
}

const changed = (path: string, how: string): ExpectedError =>
  new ExpectedError('FILE_CHANGED', `${path} changes while it is read: ${how}.`);

function downloadError(path: string, error: unknown): unknown {
  const message = error instanceof Error ? error.message : '';
  if (/no such file/i.test(message))
    return new ExpectedError('FILE_GONE', `${path} is no longer on the server.`);
  if (/permission denied/i.test(message))
    return new ExpectedError('CONFIGURATION_REFUSED', `${path}: the server lets this user not read it.`);
  // A full disk is a fault of this machine, and not to be taken for one of the network.
  if (error instanceof Error && 'syscall' in error && /^(write|writev|open)$/.test(String(error.syscall)))
    return error;
  return unavailable(path, error);
}
