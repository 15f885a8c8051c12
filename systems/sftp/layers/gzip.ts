/** The gzip layer: one member or several, each with its CRC. */
import { Readable, pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { ExpectedError } from '../../../jobs/errors.ts';

/** @throws ExpectedError FILE_TRUNCATED, FILE_TAMPERED, and whatever the source throws */
export async function* gunzip(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  // Larger blocks than the default's: each crosses into a thread and back.
  const unpacked = createGunzip({ chunkSize: 256 * 1024 });
  pipeline(Readable.from(bytes, { objectMode: true, highWaterMark: 1 }), unpacked, () => undefined);
  try {
    yield* unpacked as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw gzipError(error);
  }
}

function gzipError(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error;
  if (error.code === 'Z_BUF_ERROR')
    return new ExpectedError('FILE_TRUNCATED', 'The gzip content ends before its own end.');
  if (error.code === 'Z_DATA_ERROR')
    return new ExpectedError('FILE_TAMPERED', `The gzip content is damaged (${error.message}).`);
  return error;
}
