/**
 * Bytes as numbered lines, in batches. Lines end with LF, CRLF or CR, mixed as they like. Each batch is UTF-8,
 * or else each of its lines by itself is UTF-8 or Latin-1. Memory stays flat where a line never ends.
 */
import { isUtf8 } from 'node:buffer';
import { longestRowBytes } from './reading.ts';

export interface Line {
  readonly line: number;
  /** Without its end and without a byte order mark; undefined where it is too long. */
  readonly text: string | undefined;
}

const lf = 0x0a;
const cr = 0x0d;

// What calls itself Latin-1 is read as its superset: 0x80 to 0x9f are control characters nobody means.
const latin1 = new TextDecoder('windows-1252');
const decode = (bytes: Buffer): string => (isUtf8(bytes) ? bytes.toString() : latin1.decode(bytes));

export async function* readLines(
  bytes: AsyncIterable<Uint8Array>,
  longestBytes = longestRowBytes,
): AsyncGenerator<readonly Line[]> {
  let held: Buffer[] = [];
  let heldBytes = 0;
  let isTooLong = false;
  let line = 0;
  const number = (text: string | undefined): Line => {
    line += 1;
    return { line, text: line === 1 ? text?.replace(/^\uFEFF/, '') : text };
  };
  const take = (block: Buffer, isEnd: boolean): Line[] => {
    const texts = splitBlock(block);
    if (isEnd && texts.at(-1) === '') texts.pop();
    return texts.map((text, at) => {
      const isCut = isTooLong && at === 0;
      return number(isCut || text.length > longestBytes ? undefined : text);
    });
  };
  for await (const chunk of bytes) {
    const block = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    const end = endOfLastLine(block);
    if (end === 0) {
      held.push(block);
      heldBytes += block.length;
    } else {
      // The end of the last line stays away: what follows it is the next block's.
      const whole = Buffer.concat([...held, block.subarray(0, end)]);
      const batch = take(whole, true);
      isTooLong = false;
      held = [block.subarray(end)];
      heldBytes = block.length - end;
      yield batch;
    }
    if (heldBytes > longestBytes) {
      isTooLong = true;
      // A CR at the very end may be half of a CRLF.
      held = [held.at(-1)?.at(-1) === cr ? Buffer.of(cr) : Buffer.alloc(0)];
      heldBytes = 0;
    }
  }
  const rest = Buffer.concat(held);
  if (rest.length > 0 || isTooLong) yield take(isTooLong && rest.length === 0 ? Buffer.of(lf) : rest, true);
}

/** Behind the last line's end; a CR at the very end is left for the next block, which may begin with its LF. */
function endOfLastLine(block: Buffer): number {
  const end = Math.max(block.lastIndexOf(lf), block.lastIndexOf(cr, -2));
  return end + 1;
}

function splitBlock(block: Buffer): string[] {
  if (isUtf8(block)) return splitText(block.toString());
  // Bytes as characters one to one, so that each line can be judged by itself.
  return splitText(block.toString('latin1')).map((text) => decode(Buffer.from(text, 'latin1')));
}

const splitText = (text: string): string[] =>
  text.includes('\r') ? text.split(/\r\n|\n|\r/) : text.split('\n');
