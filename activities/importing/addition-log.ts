/**
 * What events add, one after another, outside of the heap: hundreds of thousands that wait to be read once more
 * would be gone through by each collection of garbage, and take several times their length. Texts that come
 * again and again, as links, offers and campaigns do, stand once.
 */
import { standingAlone } from '../../lql/values.ts';
import type { Addition } from './event-mapping.ts';
import { openTextLog } from './text-log.ts';

export interface AdditionLog {
  /** About how much memory it takes. */
  readonly bytes: number;
  /** @returns where it stands */
  append(addition: Addition): number;
  read(at: number): Addition;
}

const pieceNumbers = 1 << 18;
/** Texts of one place among the cells that stand once; those of further ones are met too seldom to be looked for. */
const mostTexts = 4_096;
const longestText = 256;
/** Of a text that stands once: with its entry in a map. */
const bytesOfText = 100;
/** Of the time in milliseconds, the higher part's unit. */
const high = 2 ** 32;

export function openAdditionLog(): AdditionLog {
  /** Of each addition: its time in two numbers, how many cells, and each cell. */
  const numbers: Int32Array[] = [];
  const log = openTextLog();
  /** 0 stands for no text; below it stand those that are in the log of texts. */
  const texts: string[] = [''];
  const known: Map<string, number>[] = [];
  let used = pieceNumbers;
  let bytes = 0;

  const numberOf = (text: string | undefined, place: number): number => {
    if (text === undefined) return 0;
    const own = (known[place] ??= new Map());
    const number = own.get(text);
    if (number !== undefined) return number;
    if (own.size >= mostTexts || text.length > longestText) return -1 - log.append(text);
    const alone = standingAlone(text);
    own.set(alone, texts.length);
    bytes += bytesOfText + text.length;
    return texts.push(alone) - 1;
  };
  return {
    get bytes() {
      return bytes + log.bytes;
    },
    append: ({ atMs, cells }) => {
      const length = 3 + cells.length;
      if (used + length > pieceNumbers) {
        const piece = new Int32Array(Math.max(pieceNumbers, length));
        numbers.push(piece);
        bytes += piece.byteLength;
        used = 0;
      }
      const piece = numbers.at(-1) ?? new Int32Array();
      const at = (numbers.length - 1) * pieceNumbers + used;
      piece[used] = Math.floor(atMs / high);
      piece[used + 1] = atMs - Math.floor(atMs / high) * high;
      piece[used + 2] = cells.length;
      for (let place = 0; place < cells.length; place++) piece[used + 3 + place] = numberOf(cells[place], place);
      used += length;
      return at;
    },
    read: (at) => {
      const piece = numbers[Math.floor(at / pieceNumbers)];
      if (piece === undefined) throw new Error(`Nothing stands at ${at}.`);
      const from = at % pieceNumbers;
      const cells: (string | undefined)[] = [];
      const count = piece[from + 2] ?? 0;
      for (let place = 0; place < count; place++) {
        const number = piece[from + 3 + place] ?? 0;
        cells.push(number === 0 ? undefined : number > 0 ? texts[number] : log.read(-1 - number));
      }
      return { atMs: (piece[from] ?? 0) * high + ((piece[from + 1] ?? 0) >>> 0), cells };
    },
  };
}
