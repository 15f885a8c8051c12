/**
 * The PGP layer. What comes out is not proven before its end was reached: MDC and AEAD stand there, and only
 * whoever has read everything knows that the whole is what was encrypted.
 */
import { ReadableStream } from 'node:stream/web';
import { decrypt, enums, readMessage } from 'openpgp';
import type { Message, PrivateKey } from 'openpgp';
import { ExpectedError } from '../../../jobs/errors.ts';
import { pgpConfig } from '../pgp-config.ts';
import { isArmored } from './form.ts';

/**
 * A damaged content can leave the library waiting for ever (a compressed packet that breaks off in the midst
 * of a partial length): no step may wait that long without asking for more bytes. While they are on their way
 * from a slow server, it is not the message that stands still.
 */
const defaultStallMs = 30_000;

/**
 * @param head the first bytes of `bytes`, which still has them
 * @throws ExpectedError FILE_WRONG_KEY, FILE_PASSWORD_NEEDED, FILE_NOT_DECRYPTABLE, FILE_TRUNCATED, FILE_TAMPERED
 */
export async function* decryptPgp(
  bytes: AsyncIterable<Uint8Array>,
  head: Uint8Array,
  keys: readonly PrivateKey[],
  stallMs = defaultStallMs,
): AsyncGenerator<Uint8Array> {
  const source = watch(bytes);
  const unlessStalled = <Result>(step: Promise<Result>): Promise<Result> => orStalled(step, source, stallMs);
  let plain: AsyncIterator<Uint8Array> | undefined;
  try {
    const message: Message<Uint8Array | string> = await unlessStalled(
      isArmored(head)
        ? readMessage({ armoredMessage: ReadableStream.from(asText(source.bytes)), config: pgpConfig })
        : readMessage({ binaryMessage: ReadableStream.from(source.bytes), config: pgpConfig }),
    );
    checkKeys(message, keys);
    const decrypted: Decrypted = await unlessStalled(
      decrypt({ message, decryptionKeys: [...keys], format: 'binary', config: pgpConfig }),
    );
    // Who signed cannot be checked, since nobody names the sender's key.
    for (const signature of decrypted.signatures) signature.verified.catch(() => undefined);
    plain = chunksOf(decrypted.data);
    for (
      let next = await unlessStalled(plain.next());
      next.done !== true;
      next = await unlessStalled(plain.next())
    )
      yield next.value;
  } catch (error) {
    throw source.failure() ?? pgpError(error);
  } finally {
    // Not awaited: what has stalled does not end either.
    plain?.return?.().catch(() => undefined);
  }
}

/** The library's own types lean on a package that it does not install. */
interface Decrypted {
  readonly data: unknown;
  readonly signatures: readonly { readonly verified: Promise<unknown> }[];
}

async function* chunksOf(data: unknown): AsyncGenerator<Uint8Array> {
  if (data instanceof Uint8Array) yield data;
  else yield* data as AsyncIterable<Uint8Array>;
}

async function orStalled<Result>(
  step: Promise<Result>,
  { chunksRead, isAsked }: Pick<Source, 'chunksRead' | 'isAsked'>,
  stallMs: number,
): Promise<Result> {
  const ticks = 4;
  let idle = 0;
  let seen = chunksRead();
  let timer: NodeJS.Timeout | undefined;
  const stalled = new Promise<never>((_, reject) => {
    // Counted in turns of the event loop: a process that was busy or asleep has not stalled.
    timer = setInterval(() => {
      idle = isAsked() || chunksRead() !== seen ? 0 : idle + 1;
      seen = chunksRead();
      if (idle >= ticks) reject(new Error('stalled'));
    }, stallMs / ticks);
  });
  try {
    return await Promise.race([step, stalled]);
  } finally {
    clearInterval(timer);
  }
}

interface Source {
  readonly bytes: AsyncIterable<Uint8Array>;
  chunksRead(): number;
  /** Whether more bytes were asked for that are not there yet. */
  isAsked(): boolean;
  /** A fault of the source, such as of the disk, comes out of the library as one of the message: it is kept here. */
  failure(): Error | undefined;
}

function watch(bytes: AsyncIterable<Uint8Array>): Source {
  let failure: Error | undefined;
  let chunks = 0;
  let isAsked = false;
  const read = async function* (): AsyncGenerator<Uint8Array> {
    try {
      isAsked = true;
      for await (const chunk of bytes) {
        chunks += 1;
        isAsked = false;
        yield chunk;
        isAsked = true;
      }
    } catch (error) {
      failure = error instanceof Error ? error : new Error('the source failed', { cause: error });
      throw error;
    } finally {
      isAsked = false;
    }
  };
  return { bytes: read(), chunksRead: () => chunks, isAsked: () => isAsked, failure: () => failure };
}

async function* asText(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  for await (const chunk of bytes)
    yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString('latin1');
}

function checkKeys(message: Message<Uint8Array | string>, keys: readonly PrivateKey[]): void {
  const recipients = message.getEncryptionKeyIDs();
  const own = keys.flatMap((key) => key.getKeys()).map((key) => key.getKeyID());
  if (recipients.length === 0)
    throw message.packets.filterByTag(enums.packet.symEncryptedSessionKey).length > 0
      ? new ExpectedError('FILE_PASSWORD_NEEDED', 'The PGP message is encrypted to a password, not to a key.')
      : new ExpectedError('FILE_NOT_DECRYPTABLE', 'The PGP message is not encrypted to any key.');
  const isMine = recipients.some((id) => /^0+$/.test(id.toHex()) || own.some((mine) => mine.equals(id)));
  if (!isMine)
    throw new ExpectedError(
      'FILE_WRONG_KEY',
      `The PGP message is encrypted to ${names(recipients)}; the authorization’s key is ${names(own)}.`,
    );
}

const names = (ids: readonly { toHex(): string }[]): string =>
  [...new Set(ids.map((id) => id.toHex().toUpperCase()))].join(', ');

function pgpError(error: unknown): ExpectedError {
  if (error instanceof ExpectedError) return error;
  const message = error instanceof Error ? error.message : '';
  if (/unexpected end of packet|misformed armored text/i.test(message))
    return new ExpectedError('FILE_TRUNCATED', 'The PGP message ends before its own end.');
  if (/not authenticated|not integrity|missing MDC/i.test(message))
    return new ExpectedError(
      'FILE_NOT_DECRYPTABLE',
      'The PGP message has no integrity protection (MDC or AEAD), so nobody can tell whether it is whole.',
    );
  if (/not supported|unknown algorithm/i.test(message))
    return new ExpectedError('FILE_NOT_DECRYPTABLE', 'The PGP message uses an algorithm that is not read.');
  return new ExpectedError(
    'FILE_TAMPERED',
    'The PGP message fails its check, or its content is damaged: nothing of it is used.',
  );
}
