/**
 * Texts one after another, outside of the heap: hundreds of thousands that wait to be read once more would be
 * gone through by each collection of garbage, and take three times their length.
 */

export interface TextLog {
  /** Memory that it takes. */
  readonly bytes: number;
  /** @returns where it stands */
  append(text: string): number;
  read(at: number): string;
}

const pieceBytes = 1 << 20;
/** Before each text: its length. */
const lengthBytes = 4;

export function openTextLog(): TextLog {
  const pieces: Buffer[] = [];
  let used = pieceBytes;
  let bytes = 0;
  return {
    get bytes() {
      return bytes;
    },
    append: (text) => {
      const length = Buffer.byteLength(text);
      if (used + lengthBytes + length > pieceBytes) {
        // One that is longer than a piece has one of its own.
        const piece = Buffer.allocUnsafeSlow(Math.max(pieceBytes, lengthBytes + length));
        pieces.push(piece);
        bytes += piece.length;
        used = 0;
      }
      const piece = pieces.at(-1) ?? Buffer.alloc(0);
      const at = (pieces.length - 1) * pieceBytes + used;
      piece.writeUInt32LE(length, used);
      piece.write(text, used + lengthBytes);
      used += lengthBytes + length;
      return at;
    },
    read: (at) => {
      const piece = pieces[Math.floor(at / pieceBytes)];
      if (piece === undefined) throw new Error(`Nothing stands at ${at}.`);
      const from = at % pieceBytes;
      const start = from + lengthBytes;
      return piece.toString('utf8', start, start + piece.readUInt32LE(from));
    },
  };
}
