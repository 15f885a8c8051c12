/**
 * A file on disk that nobody can read without its key: blocks of AES-256-GCM under a random key of the file's
 * own, numbered, the last one marked, so that none can be altered, moved or cut off unnoticed. Readable at any
 * place, which archives need, and where its length is known beforehand already while it is written.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

export interface SealedFile {
  readonly path: string;
  /** 32 bytes, used for this file alone: the numbers of its blocks can then be the nonces. */
  readonly key: Buffer;
  /** Of the content. */
  readonly bytes: number;
  /** Waits for a block of a file that is still being written; fails when writing failed before it. */
  readonly written?: (block: number) => Promise<void>;
}

const blockBytes = 64 * 1024;
const tagBytes = 16;

function nonceOf(block: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUInt8(isLast ? 1 : 0, 0);
  nonce.writeUIntBE(block, 6, 6);
  return nonce;
}

/** Writes a new file, mode 600; a file that is there already is replaced. */
export async function sealFile(path: string, content: AsyncIterable<Uint8Array>): Promise<SealedFile> {
  const key = randomBytes(32);
  return { path, key, bytes: await write(path, key, content, () => undefined) };
}

/**
 * The same, to be read from the first moment on: whoever comes to a block that is not there yet waits for it.
 * The last block is there when the content has ended, and not if it failed at its very end.
 * @param bytes that the content will have
 */
export function sealWhileRead(
  path: string,
  content: AsyncIterable<Uint8Array>,
  bytes: number,
): { readonly sealed: SealedFile; readonly done: Promise<void> } {
  const key = randomBytes(32);
  let blocks = 0;
  let more = Promise.withResolvers<undefined>();
  const grow = (to: number): void => {
    blocks = to;
    more.resolve(undefined);
    more = Promise.withResolvers();
  };
  const seal = async (): Promise<void> => {
    try {
      const length = await write(path, key, content, grow);
      if (length !== bytes) throw new Error(`${path} has ${length} bytes, ${bytes} were to come`);
      grow(Infinity);
    } catch (error) {
      // For those who wait, and whoever comes later; perhaps nobody does.
      more.promise.catch(() => undefined);
      more.reject(error);
      throw error;
    }
  };
  const written = async (block: number): Promise<void> => {
    while (block >= blocks) await more.promise;
  };
  return { sealed: { path, key, bytes, written }, done: seal() };
}

/**
 * @param onBlocks is told how many are there, except for the last
 * @returns the content's bytes
 */
async function write(
  path: string,
  key: Buffer,
  content: AsyncIterable<Uint8Array>,
  onBlocks: (blocks: number) => void,
): Promise<number> {
  const file = await open(path, 'w', 0o600);
  let block = 0;
  let bytes = 0;
  const held = Buffer.allocUnsafe(blockBytes);
  let filled = 0;
  const flush = async (isLast: boolean): Promise<void> => {
    const cipher = createCipheriv('aes-256-gcm', key, nonceOf(block, isLast));
    const sealed = cipher.update(held.subarray(0, filled));
    cipher.final();
    await file.writev([sealed, cipher.getAuthTag()]);
    block += 1;
    filled = 0;
  };
  try {
    for await (const chunk of content) {
      bytes += chunk.length;
      for (let at = 0; at < chunk.length;) {
        // A full block is written when more comes: the last one, full or not, has to be known as the last.
        if (filled === blockBytes) {
          await flush(false);
          onBlocks(block);
        }
        const taken = Math.min(blockBytes - filled, chunk.length - at);
        held.set(chunk.subarray(at, at + taken), filled);
        filled += taken;
        at += taken;
      }
    }
    await flush(true);
  } finally {
    await file.close();
  }
  return bytes;
}

/**
 * The content from a place on.
 * @throws Error when the file was altered, or the key is another's; what failed its writing
 */
export async function* readSealed(sealed: SealedFile, from = 0, to = sealed.bytes): AsyncGenerator<Buffer> {
  // Before that, the file itself may not be there.
  await sealed.written?.(Math.floor(from / blockBytes));
  const file = await open(sealed.path, 'r');
  try {
    const end = Math.min(to, sealed.bytes);
    const last = Math.max(0, Math.ceil(sealed.bytes / blockBytes) - 1);
    for (let at = from; at < end;) {
      const block = Math.floor(at / blockBytes);
      await sealed.written?.(block);
      const plain = await readBlock(file, sealed, block, block === last);
      const start = at - block * blockBytes;
      const piece = plain.subarray(start, Math.min(plain.length, end - block * blockBytes));
      at += piece.length;
      yield piece;
    }
  } finally {
    await file.close();
  }
}

async function readBlock(
  file: FileHandle,
  { key, bytes, path }: SealedFile,
  block: number,
  isLast: boolean,
): Promise<Buffer> {
  const length = (isLast ? bytes - block * blockBytes : blockBytes) + tagBytes;
  const stored = Buffer.allocUnsafe(length);
  const { bytesRead } = await file.read(stored, 0, length, block * (blockBytes + tagBytes));
  try {
    if (bytesRead !== length) throw new Error('short');
    const decipher = createDecipheriv('aes-256-gcm', key, nonceOf(block, isLast));
    decipher.setAuthTag(stored.subarray(length - tagBytes));
    const plain = decipher.update(stored.subarray(0, length - tagBytes));
    decipher.final();
    return plain;
  } catch {
    throw new Error(`${path} is not as it was written: block ${block} fails its check`);
  }
}
