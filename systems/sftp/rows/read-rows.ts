/**
 * The rows of a spooled file, and before that the proof that it is whole. No row is to be used of a file that
 * was not proven: what is wrong with it may show at its very end.
 */
import { createHash } from 'node:crypto';
import { ExpectedError } from '../../../jobs/errors.ts';
import type { Form } from '../layers/form.ts';
import { unwrap } from '../layers/unwrap.ts';
import type { Unwrapping } from '../layers/unwrap.ts';
import type { SealedFile } from '../sealed-file.ts';
import { readDelimited } from './delimited.ts';
import { checkDelimiter } from './header.ts';
import { readJsonArray, readJsonLines } from './json.ts';
import { readLines } from './lines.ts';
import { longestRowBytes } from './reading.ts';
import type { Reading, RowItem } from './reading.ts';

export interface RowBatch {
  /** The entry of the archive that the rows are of; undefined where there is none. */
  readonly entry: string | undefined;
  readonly items: readonly RowItem[];
}

export interface Proof {
  /** Of the plain bytes, in hex: the same file packed anew has the same. */
  readonly plainSha256: string;
  readonly plainBytes: number;
  /** Of each text in the file, the layers that were around it, the outermost first. */
  readonly layers: readonly (readonly Form[])[];
}

/** A spooled file, and how to read it. */
export interface EventFile {
  readonly spooled: SealedFile;
  readonly unwrapping: Unwrapping;
  readonly reading: Reading;
}

/**
 * Reads everything to the end of every layer. Afterwards the file is whole, as far as anybody can tell, and its
 * header fits.
 * @param expectedRows what its count file says, where there is one; awaited when all else is proven
 * @throws ExpectedError FILE_…; what `expectedRows` fails with
 */
export async function prove(
  file: EventFile,
  expectedRows?: number | Promise<number | undefined>,
): Promise<Proof> {
  checkDelimiter(file.reading.delimiter);
  const hash = createHash('sha256');
  let plainBytes = 0;
  const layers: (readonly Form[])[] = [];
  const heads: Uint8Array[] = [];
  for await (const part of unwrap(file.spooled, file.unwrapping)) {
    layers.push(part.layers);
    const ends = watchEnds();
    for await (const chunk of part.bytes) {
      hash.update(chunk);
      plainBytes += chunk.length;
      ends.take(chunk);
    }
    heads.push(ends.proven());
  }
  // Only now: a damaged file is to be called damaged, whatever its header looks like.
  for (const head of heads) await checkHeader(head, file.reading);
  const expected = await expectedRows;
  if (expected !== undefined) await checkCount(file, expected);
  return { plainSha256: hash.digest('hex'), plainBytes, layers };
}

/** Keeps what a text begins with, and looks whether a JSON array ends as it should. */
function watchEnds() {
  const head: Uint8Array[] = [];
  let headBytes = 0;
  let last = 0;
  return {
    take: (chunk: Uint8Array): void => {
      if (headBytes <= longestRowBytes) head.push(chunk.slice());
      headBytes += chunk.length;
      last = chunk.findLast((byte) => byte > 0x20) ?? last;
    },
    /** @throws ExpectedError FILE_TRUNCATED */
    proven: (): Uint8Array => {
      const whole = Buffer.concat(head);
      if (formOfText(whole) === 'array' && last !== 0x5d)
        throw new ExpectedError('FILE_TRUNCATED', 'The JSON array ends before it is closed.');
      return whole;
    },
  };
}

async function checkHeader(head: Uint8Array, reading: Reading): Promise<void> {
  if (formOfText(head) !== 'delimited') return;
  for await (const _ of readDelimited(readLines(once(head)), reading)) return;
}

async function checkCount(file: EventFile, expected: number): Promise<void> {
  let rows = 0;
  for await (const { items } of readRows(file)) rows += items.length;
  if (rows !== expected)
    throw new ExpectedError(
      'FILE_COUNT_DIFFERS',
      `The file has ${rows} rows, its count file says ${expected}.`,
    );
}

/** The rows, in the order of the file; bad ones among them. @throws ExpectedError FILE_… */
export async function* readRows({ spooled, unwrapping, reading }: EventFile): AsyncGenerator<RowBatch> {
  for await (const { entry, bytes } of unwrap(spooled, unwrapping))
    for await (const items of readText(bytes, reading)) yield { entry, items };
}

async function* readText(
  bytes: AsyncIterable<Uint8Array>,
  reading: Reading,
): AsyncGenerator<readonly RowItem[]> {
  const iterator = bytes[Symbol.asyncIterator]();
  // What the text is, shows with its first character that is no blank.
  const first: Uint8Array[] = [];
  let form: TextForm = 'blank';
  while (form === 'blank') {
    const next = await iterator.next();
    if (next.done === true) return;
    first.push(next.value);
    form = formOfText(Buffer.concat(first));
    if (form === 'blank') first.splice(0, first.length, Buffer.concat(first));
  }
  const whole = (async function* (): AsyncGenerator<Uint8Array> {
    yield* first;
    yield* { [Symbol.asyncIterator]: () => iterator };
  })();
  if (form === 'array') yield* readJsonArray(whole);
  else if (form === 'lines') yield* readJsonLines(readLines(whole));
  else yield* readDelimited(readLines(whole), reading);
}

type TextForm = 'blank' | 'array' | 'lines' | 'delimited';

function formOfText(head: Uint8Array): TextForm {
  const hasMark = head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf;
  const first = (hasMark ? head.subarray(3) : head).find((byte) => byte > 0x20);
  if (first === undefined) return 'blank';
  if (first === 0x5b) return 'array';
  return first === 0x7b ? 'lines' : 'delimited';
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes);
}
