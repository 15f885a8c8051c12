/**
 * How much a file may unpack to: an archive made to do harm grows a thousandfold, event files up to fifty.
 */
import { ExpectedError } from '../../../jobs/errors.ts';

export interface UnpackLimits {
  /** All layers of a file together. */
  readonly maxBytes: number;
  /** Unpacked bytes for each byte that was received, once there are more than `freeBytes` of them. */
  readonly maxRatio: number;
  readonly freeBytes: number;
  /** Entries of an archive. */
  readonly maxEntries: number;
}

export const defaultUnpackLimits: UnpackLimits = {
  maxBytes: 256 * 2 ** 30,
  maxRatio: 200,
  freeBytes: 32 * 2 ** 20,
  maxEntries: 1000,
};

/** Layers within layers: more than PGP, zip and gzip around one another is made to do harm. */
export const maxDepth = 5;

/** Passes everything through, and ends what grows beyond the limits. One for a file, over all its layers. */
export function openBudget(limits: UnpackLimits, receivedBytes: number) {
  const allowed = Math.min(limits.maxBytes, Math.max(limits.freeBytes, receivedBytes * limits.maxRatio));
  let spent = 0;
  return async function* spend(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of bytes) {
      spent += chunk.length;
      if (spent > allowed)
        throw new ExpectedError(
          'FILE_TOO_LARGE',
          `The file’s ${receivedBytes} bytes unpack to more than ${allowed}; that is stopped as harmful.`,
        );
      yield chunk;
    }
  };
}
