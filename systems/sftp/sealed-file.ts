/**
 * A file on disk that nobody can read without its key: blocks of AES-256-GCM under a random key of the file's
 * own, numbered, the last one marked, so that none can be altered, moved or cut off unnoticed. Readable at any
 * place, which archives need.
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
        if (filled === blockBytes) await flush(false);
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
  return { path, key, bytes };
}

/** The content from a place on. @throws Error when the file was altered, or the key is another's */
export async function* readSealed(sealed: SealedFile, from = 0, to = sealed.bytes): AsyncGenerator<Buffer> {
  const file = await open(sealed.path, 'r');
  try {
    const end = Math.min(to, sealed.bytes);
    const last = Math.max(0, Math.ceil(sealed.bytes / blockBytes) - 1);
    for (let at = from; at < end;) {
      const block = Math.floor(at / blockBytes);
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
