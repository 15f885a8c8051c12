/**
 * What events add, one after another, outside of the heap: hundreds of thousands that wait to be read once more
 * would be gone through by each collection of garbage, and take several times their length. Texts that come
 * again and again, as links, offers and campaigns do, stand once. Each may be followed by another of the same
 * person.
 */
import { standingAlone } from '../../lql/values.ts';
import type { Addition } from './event-mapping.ts';
import { openTextLog } from './text-log.ts';

export interface AdditionLog {
  /** About how much memory it takes. */
  readonly bytes: number;
  /** @param numbers that are kept with it. @returns where it stands */
  append(addition: Addition, numbers: readonly number[]): number;
  read(at: number): Addition;
  numbers(at: number): readonly number[];
  /** Where the next one stands; undefined behind the last. */
  next(at: number): number | undefined;
  setNext(at: number, next: number): void;
}

/** Numbers of a piece, as a power of two. */
const pieceBits = 18;
const pieceNumbers = 1 << pieceBits;
/** Texts of one place among the cells that stand once; those of further ones are met too seldom to be looked for. */
const mostTexts = 4_096;
const longestText = 256;
/** Of a text that stands once: with its entry in a map. */
const bytesOfText = 100;
/** Of the time in milliseconds, the higher part's unit. */
const high = 2 ** 32;

/** What an addition begins with: what follows it, its time in two numbers, how many numbers and cells it has. */
const fields = { next: 0, high: 1, low: 2, numbers: 3, cells: 4 } as const;
const headNumbers = 5;

/** The texts of one place that stand once, and how often one was one of them. */
interface Known {
  readonly numbers: Map<string, number>;
  found: number;
  missed: number;
}

export function openAdditionLog(): AdditionLog {
  const pieces: Int32Array[] = [];
  const log = openTextLog();
  /** 0 stands for no text; below it stand those that are in the log of texts. */
  const texts: string[] = [''];
  const known: Known[] = [];
  let used = pieceNumbers;
  let bytes = 0;

  const numberOf = (text: string | undefined, place: number): number => {
    if (text === undefined) return 0;
    const own = (known[place] ??= { numbers: new Map(), found: 0, missed: 0 });
    // Such as RIIDs: to look for them takes longer than to write them once more.
    const isSeldom = own.missed > mostTexts * 2 && own.found < own.missed;
    const number = isSeldom ? undefined : own.numbers.get(text);
    if (number !== undefined) {
      own.found += 1;
      return number;
    }
    own.missed += 1;
    if (isSeldom || own.numbers.size >= mostTexts || text.length > longestText) return -1 - log.append(text);
    const alone = standingAlone(text);
    own.numbers.set(alone, texts.length);
    bytes += bytesOfText + text.length;
    return texts.push(alone) - 1;
  };
  const pieceOf = (at: number): Int32Array => {
    const piece = pieces[at >>> pieceBits];
    if (piece === undefined) throw new Error(`Nothing stands at ${at}.`);
    return piece;
  };
  const inPiece = (at: number): number => at & (pieceNumbers - 1);
  return {
    get bytes() {
      return bytes + log.bytes;
    },
    append: ({ atMs, cells }, numbers) => {
      const length = headNumbers + numbers.length + cells.length;
      if (used + length > pieceNumbers) {
        const piece = new Int32Array(Math.max(pieceNumbers, length));
        pieces.push(piece);
        bytes += piece.byteLength;
        used = 0;
      }
      const at = (pieces.length - 1) * pieceNumbers + used;
      const piece = pieceOf(at);
      const above = Math.floor(atMs / high);
      piece[used + fields.next] = -1;
      piece[used + fields.high] = above;
      piece[used + fields.low] = atMs - above * high;
      piece[used + fields.numbers] = numbers.length;
      piece[used + fields.cells] = cells.length;
      used += headNumbers;
      for (const number of numbers) piece[used++] = number;
      for (let place = 0; place < cells.length; place++) piece[used++] = numberOf(cells[place], place);
      return at;
    },
    read: (at) => {
      const piece = pieceOf(at);
      const from = inPiece(at);
      const first = from + headNumbers + (piece[from + fields.numbers] ?? 0);
      const count = piece[from + fields.cells] ?? 0;
      const cells = new Array<string | undefined>(count);
      for (let place = 0; place < count; place++) {
        const number = piece[first + place] ?? 0;
        cells[place] = number === 0 ? undefined : number > 0 ? texts[number] : log.read(-1 - number);
      }
      const above = piece[from + fields.high] ?? 0;
      const below = piece[from + fields.low] ?? 0;
      return { atMs: above * high + (below >>> 0), cells };
    },
    numbers: (at) => {
      const from = inPiece(at) + headNumbers;
      const piece = pieceOf(at);
      const numbers: number[] = [];
      const end = from + (piece[inPiece(at) + fields.numbers] ?? 0);
      for (let place = from; place < end; place++) numbers.push(piece[place] ?? 0);
      return numbers;
    },
    next: (at) => {
      const next = pieceOf(at)[inPiece(at) + fields.next] ?? -1;
      return next < 0 ? undefined : next;
    },
    setNext: (at, next) => {
      pieceOf(at)[inPiece(at) + fields.next] = next;
    },
  };
}
