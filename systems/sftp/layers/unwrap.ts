/**
 * A spooled file as the plain texts in it: layer for layer, by content, until text is reached. Nothing plain
 * touches the disk: an archive inside another layer is sealed again (zip.ts says why it must lie there).
 */
import { rm } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import type { PrivateKey } from 'openpgp';
import { ExpectedError } from '../../../jobs/errors.ts';
import { readSealed, sealFile } from '../sealed-file.ts';
import type { SealedFile } from '../sealed-file.ts';
import { defaultUnpackLimits, maxDepth, openBudget } from './budget.ts';
import type { UnpackLimits } from './budget.ts';
import { formOf, headBytes, isUtf16 } from './form.ts';
import type { Form } from './form.ts';
import { gunzip } from './gzip.ts';
import { decryptPgp } from './pgp.ts';
import { unzip } from './zip.ts';

export interface Part {
  /** The entry's name in its archive; undefined where there is none. */
  readonly entry: string | undefined;
  /** The layers that were taken off, the outermost first. */
  readonly layers: readonly Form[];
  /** To be read to the end: what is wrong with the file may show only there. */
  readonly bytes: AsyncIterable<Uint8Array>;
}

export interface Unwrapping {
  /** Those of the authorization; none where it is without PGP. */
  readonly pgpKeys: readonly PrivateKey[];
  readonly limits?: UnpackLimits | undefined;
  /** How long a PGP message may stand still before it is given up. */
  readonly stallMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

interface Content {
  readonly head: Uint8Array;
  /** Everything, the head included. */
  readonly rest: AsyncIterable<Uint8Array>;
  /** The same on disk, where it lies there. */
  readonly sealed: SealedFile | undefined;
  readonly entry: string | undefined;
  readonly layers: readonly Form[];
}

/** @throws ExpectedError FILE_… */
export async function* unwrap(spooled: SealedFile, how: Unwrapping): AsyncGenerator<Part> {
  const limits = how.limits ?? defaultUnpackLimits;
  const spend = openBudget(limits, spooled.bytes);

  async function* open(
    bytes: AsyncIterable<Uint8Array>,
    sealed: SealedFile | undefined,
    entry: string | undefined,
    layers: readonly Form[],
  ): AsyncGenerator<Part> {
    const { head, rest, drop } = await peek(bytes);
    const form = formOf(head);
    try {
      yield* take(form, { head, rest, sealed, entry, layers });
    } finally {
      await drop();
    }
  }

  async function* take(form: Form, { head, rest, sealed, entry, layers }: Content): AsyncGenerator<Part> {
    const inside = [...layers, form];
    if (inside.length > maxDepth)
      throw new ExpectedError('FILE_TOO_LARGE', `More than ${maxDepth} layers are around one another.`);
    switch (form) {
      case 'empty':
      case 'text':
        yield { entry, layers, bytes: rest };
        return;
      case 'unknown':
        throw new ExpectedError(
          'FILE_FORM_UNKNOWN',
          isUtf16(head)
            ? 'The content is UTF-16; text is read in UTF-8 or Latin-1.'
            : 'The content is neither text nor PGP, zip or gzip.',
        );
      case 'gzip':
        yield* open(spend(gunzip(rest)), undefined, entry, inside);
        return;
      case 'pgp':
        if (how.pgpKeys.length === 0)
          throw new ExpectedError(
            'FILE_WRONG_KEY',
            'The file is a PGP message, and the authorization has no PGP key: it takes one of the kind responsys-sftp-with-pgp.',
          );
        yield* open(spend(decryptPgp(rest, head, how.pgpKeys, how.stallMs)), undefined, entry, inside);
        return;
      case 'zip':
        if (sealed === undefined) yield* sealArchive(rest, inside);
        else yield* openEntries(sealed, inside);
    }
  }

  async function* sealArchive(
    bytes: AsyncIterable<Uint8Array>,
    layers: readonly Form[],
  ): AsyncGenerator<Part> {
    // By the spool's name: whoever tidies up after a process that was killed finds both.
    const path = `${spooled.path}.${randomUUID()}`;
    try {
      yield* openEntries(await sealFile(path, bytes), layers);
    } finally {
      await rm(path, { force: true });
    }
  }

  async function* openEntries(archive: SealedFile, layers: readonly Form[]): AsyncGenerator<Part> {
    for await (const { name, bytes } of unzip(archive, limits.maxEntries))
      yield* open(spend(bytes), undefined, name, layers);
  }

  yield* open(cancellable(readSealed(spooled), how.signal), spooled, undefined, []);
}

async function* cancellable(
  bytes: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) {
    signal?.throwIfAborted();
    yield chunk;
  }
}

/** The first bytes; everything, those included; and what lets go of the source, read or not. */
async function peek(bytes: AsyncIterable<Uint8Array>): Promise<{
  readonly head: Uint8Array;
  readonly rest: AsyncIterable<Uint8Array>;
  readonly drop: () => Promise<void>;
}> {
  const iterator = bytes[Symbol.asyncIterator]();
  const first: Uint8Array[] = [];
  let length = 0;
  let isDone = false;
  while (length < headBytes && !isDone) {
    const next = await iterator.next();
    if (next.done === true) isDone = true;
    else {
      first.push(next.value);
      length += next.value.length;
    }
  }
  const rest = async function* (): AsyncGenerator<Uint8Array> {
    yield* first;
    if (!isDone) yield* { [Symbol.asyncIterator]: () => iterator };
  };
  return {
    head: Buffer.concat(first).subarray(0, headBytes),
    rest: rest(),
    drop: async () => {
      await iterator.return?.();
    },
  };
}
