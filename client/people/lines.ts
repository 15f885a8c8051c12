/**
 * The physical lines of a file, numbered from 1, as a stream: memory stays flat, also where a line never
 * ends. Lines end with LF or CRLF and nothing else: JSON may hold other separators inside a text.
 */
import { createReadStream } from 'node:fs';

export interface FileLine {
  readonly line: number;
  /** Without its end; undefined where it is longer than a line may be. */
  readonly text: string | undefined;
}

export interface FileLines {
  /** In batches, one for each block that was read. */
  readonly batches: AsyncIterable<readonly FileLine[]>;
  readonly bytesRead: () => number;
}

/** In characters; a record of a CSV file that runs over several lines is no longer either. */
export const longestLine = 1_000_000;

/** Opens the file when its first line is asked for. A byte order mark is taken away. */
export function readFileLines(path: string): FileLines {
  let bytes = 0;
  return { batches: split(path, (read) => (bytes = read)), bytesRead: () => bytes };
}

async function* split(path: string, onRead: (bytes: number) => void): AsyncGenerator<readonly FileLine[]> {
  const stream = createReadStream(path, { encoding: 'utf8', highWaterMark: 256 * 1024 });
  let rest = '';
  let tooLong = false;
  let line = 0;
  const take = (text: string): FileLine => {
    line += 1;
    const whole = line === 1 ? text.replace(/^\uFEFF/, '') : text;
    const fits = !tooLong && whole.length <= longestLine;
    tooLong = false;
    return { line, text: fits ? (whole.endsWith('\r') ? whole.slice(0, -1) : whole) : undefined };
  };
  for await (const block of stream as AsyncIterable<string>) {
    onRead(stream.bytesRead);
    const pieces = (rest + block).split('\n');
    rest = pieces.pop() ?? '';
    if (pieces.length > 0) yield pieces.map(take);
    if (rest.length > longestLine) {
      rest = '';
      tooLong = true;
    }
  }
  if (rest !== '' || tooLong) yield [take(rest)];
}
