/**
 * The zip layer. An archive is read from its directory, which stands at its end: so it has to lie on disk,
 * sealed, and is not read as a stream, where the bounds of an entry are a guess.
 */
import { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import { RandomAccessReader, fromRandomAccessReaderPromise } from 'yauzl';
import type { Entry, ZipFile } from 'yauzl';
import { ExpectedError } from '../../../jobs/errors.ts';
import { readSealed } from '../sealed-file.ts';
import type { SealedFile } from '../sealed-file.ts';

export interface ZipEntry {
  readonly name: string;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** The library wants a class here. */
class SealedReader extends RandomAccessReader {
  readonly #sealed: SealedFile;

  constructor(sealed: SealedFile) {
    super();
    this.#sealed = sealed;
  }

  override _readStreamForRange(start: number, end: number): Readable {
    return Readable.from(readSealed(this.#sealed, start, end), { objectMode: false });
  }
}

/**
 * The entries that are files, one after another, each to be read to its end before the next.
 * @throws ExpectedError FILE_TRUNCATED, FILE_TAMPERED, FILE_PASSWORD_NEEDED, FILE_NOT_DECRYPTABLE, FILE_TOO_LARGE
 */
export async function* unzip(sealed: SealedFile, maxEntries: number): AsyncGenerator<ZipEntry> {
  let archive: ZipFile;
  try {
    archive = await fromRandomAccessReaderPromise(new SealedReader(sealed), sealed.bytes, {
      lazyEntries: true,
      autoClose: false,
    });
  } catch (error) {
    throw zipError(error);
  }
  if (archive.entryCount > maxEntries)
    throw new ExpectedError(
      'FILE_TOO_LARGE',
      `The archive has ${archive.entryCount} entries, at most ${maxEntries} are read.`,
    );
  let seen = 0;
  try {
    for await (const entry of archive.eachEntry()) {
      seen += 1;
      if (entry.fileName.endsWith('/') || entry.fileName.startsWith('__MACOSX/')) continue;
      if (entry.isEncrypted())
        throw new ExpectedError('FILE_PASSWORD_NEEDED', 'An entry of the archive is locked with a password.');
      if (!entry.canDecodeFileData())
        throw new ExpectedError(
          'FILE_NOT_DECRYPTABLE',
          `An entry of the archive is compressed in a way that is not read (method ${entry.compressionMethod}).`,
        );
      yield { name: entry.fileName, bytes: readEntry(archive, entry) };
    }
  } catch (error) {
    throw zipError(error);
  }
  if (seen !== archive.entryCount)
    throw new ExpectedError('FILE_TAMPERED', 'The archive has another number of entries than it says.');
}

/** With the CRC, which the library leaves to its user. */
async function* readEntry(archive: ZipFile, entry: Entry): AsyncGenerator<Uint8Array> {
  let sum = 0;
  try {
    for await (const chunk of (await archive.openReadStreamPromise(entry)) as AsyncIterable<Buffer>) {
      sum = crc32(chunk, sum);
      yield chunk;
    }
  } catch (error) {
    throw zipError(error);
  }
  if (sum !== entry.crc32)
    throw new ExpectedError('FILE_TAMPERED', 'An entry of the archive fails its check (CRC).');
}

function zipError(error: unknown): unknown {
  if (error instanceof ExpectedError || !(error instanceof Error)) return error;
  if (/end of central directory|not a zip file|unexpected EOF/i.test(error.message))
    return new ExpectedError('FILE_TRUNCATED', 'The zip archive ends before its own end.');
  return new ExpectedError('FILE_TAMPERED', 'The zip archive is damaged.');
}
