/**
 * Profiles that wait for the store, as COPY reads them in its binary form, outside of the heap. In its text form
 * every quote of what they hold would be escaped here, and read once more there.
 */
import {
  arrayHead,
  copyEnd,
  copyHead,
  int32,
  rowStart,
  uuidBytes,
  writeInt32,
  writeUuid,
} from './copy-binary.ts';

export const profileColumns = 'id, fields, aggregates';

export interface ProfileRow {
  readonly id: string;
  /** As JSON. */
  readonly fields: string;
  readonly aggregates: string;
}

export interface ProfilePack {
  readonly bytes: number;
  add(row: ProfileRow): void;
  /** All rows, for COPY of `profileColumns` in its binary form. They are good until it is emptied. */
  pieces(): readonly Buffer[];
  /** To be filled anew. It keeps its memory: what is taken of the system makes the collector go through all there is. */
  empty(): void;
}

/** Handed to the connection at once: between two of them, the store waits for its turn. */
const pieceBytes = 1024 * 1024;
/** Those that are kept when it is emptied. */
const piecesKept = 8;
/** Of a character, in UTF-8. */
const mostBytes = 3;

const start = rowStart(profileColumns);
/** PostgreSQL's type text. */
const aggregatesHead = arrayHead(1, 25);
/** Before the text of a jsonb. */
const jsonVersion = 1;
/** Of a row, all but its texts. */
const fixedBytes = start.length + 4 * int32 + uuidBytes + 1 + aggregatesHead.length;

export function openProfilePack(): ProfilePack {
  const pieces: { content: Buffer; used: number }[] = [];
  let filling = 0;
  let bytes = 0;

  /** A piece that has room for so many bytes. */
  function pieceFor(most: number): { content: Buffer; used: number } {
    const current = pieces[filling];
    if (current !== undefined && current.used > 0 && current.used + most > current.content.length)
      filling += 1;
    const piece = (pieces[filling] ??= { content: Buffer.alloc(0), used: 0 });
    if (piece.content.length < most) piece.content = Buffer.allocUnsafeSlow(Math.max(pieceBytes, most));
    return piece;
  }

  return {
    get bytes() {
      return bytes;
    },
    add: ({ id, fields, aggregates }) => {
      const piece = pieceFor(fixedBytes + (fields.length + aggregates.length) * mostBytes);
      const { content } = piece;
      let at = piece.used;
      at += start.copy(content, at);
      at = writeUuid(content, id, at);

      const fieldsBytes = content.write(fields, at + int32 + 1);
      writeInt32(content, 1 + fieldsBytes, at);
      content[at + int32] = jsonVersion;
      at += int32 + 1 + fieldsBytes;

      const text = at + int32 + aggregatesHead.length + int32;
      const textBytes = content.write(aggregates, text);
      writeInt32(content, aggregatesHead.length + int32 + textBytes, at);
      aggregatesHead.copy(content, at + int32);
      writeInt32(content, textBytes, text - int32);
      bytes += text + textBytes - piece.used;
      piece.used = text + textBytes;
    },
    pieces: () => [
      copyHead,
      ...pieces.filter(({ used }) => used > 0).map(({ content, used }) => content.subarray(0, used)),
      copyEnd,
    ],
    empty: () => {
      pieces.splice(piecesKept);
      for (const piece of pieces) piece.used = 0;
      filling = 0;
      bytes = 0;
    },
  };
}
