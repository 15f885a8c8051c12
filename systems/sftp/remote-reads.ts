/**
 * A file's bytes from the server, in order, with many reads under way at once: one after another they would
 * wait for the network most of the time. At most `window` blocks are held.
 */
import type { SFTPWrapper } from 'ssh2';

const blockBytes = 32 * 1024;
const window = 64;

type Handle = Buffer;

/** @throws whatever the protocol says, and the signal's reason */
export async function* readRemoteFile(
  protocol: SFTPWrapper,
  path: string,
  bytes: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer> {
  const handle = await new Promise<Handle>((resolve, reject) => {
    protocol.open(path, 'r', (error, opened) => {
      if (error === undefined) resolve(opened);
      else reject(error);
    });
  });
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
      const block = await ahead.shift();
      if (block === undefined || block.length === 0) return;
      ask();
      yield block;
    }
  } finally {
    await Promise.allSettled(ahead);
    protocol.close(handle, () => undefined);
  }
}

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
