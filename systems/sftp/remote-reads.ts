/**
 * A file's bytes from the server, in order, with many reads under way at once: one after another they would
 * wait for the network most of the time. At most `window` blocks are held.
 */
import type { SFTPWrapper } from 'ssh2';
import { unlessAborted } from '../unless-aborted.ts';
import type { Connection } from './connection.ts';

const blockBytes = 32 * 1024;
const window = 64;

type Handle = Buffer;

/** @throws whatever the protocol says, and the signal's reason */
export async function* readRemoteFile(
  { protocol, lost }: Pick<Connection, 'protocol' | 'lost'>,
  path: string,
  bytes: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer> {
  // The protocol never answers what it is asked after the connection was cut: nothing waits for it alone.
  const handle = await unlessAborted(openRemotely(protocol, path), lost);
  const ahead: Promise<Buffer>[] = [];
  let asked = 0;
  const ask = (): void => {
    while (ahead.length < window && asked < bytes) {
      const block = readBlock(protocol, handle, asked, Math.min(blockBytes, bytes - asked));
      // Whoever awaits it hears of its failure; until then it is nobody's unhandled one.
      block.catch(() => undefined);
      ahead.push(block);
      asked += blockBytes;
    }
  };
  try {
    ask();
    while (ahead.length > 0) {
      signal?.throwIfAborted();
      const next = ahead.shift();
      if (next === undefined) return;
      const block = await unlessAborted(next, lost);
      if (block.length === 0) return;
      ask();
      yield block;
    }
  } finally {
    await unlessAborted(Promise.allSettled(ahead), lost).catch(() => undefined);
    if (!lost.aborted) protocol.close(handle, () => undefined);
  }
}

const openRemotely = (protocol: SFTPWrapper, path: string): Promise<Handle> =>
  new Promise((resolve, reject) => {
    protocol.open(path, 'r', (error, opened) => {
      if (error === undefined) resolve(opened);
      else reject(error);
    });
  });

/** A block, which is short only at the end of the file: servers may answer with less than was asked for. */
async function readBlock(
  protocol: SFTPWrapper,
  handle: Handle,
  position: number,
  length: number,
): Promise<Buffer> {
  const block = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const read = await readOnce(protocol, handle, block, filled, length - filled, position + filled);
    if (read === 0) break;
    filled += read;
  }
  return block.subarray(0, filled);
}

/** SSH_FX_EOF of the protocol. */
const endOfFile = 1;

const readOnce = (
  protocol: SFTPWrapper,
  handle: Handle,
  into: Buffer,
  offset: number,
  length: number,
  position: number,
): Promise<number> =>
  new Promise((resolve, reject) => {
    protocol.read(handle, into, offset, length, position, (error, bytesRead) => {
      if (error === undefined) resolve(bytesRead);
      else if ('code' in error && error.code === endOfFile) resolve(0);
      else reject(error);
    });
  });
