/**
 * What the first bytes of a content say it is. Names play no part: a `.txt` may be a zip. Pure.
 */

export type Form = 'pgp' | 'gzip' | 'zip' | 'text' | 'empty' | 'unknown';

/** Bytes that `formOf` wants to see, where there are as many. */
export const headBytes = 4096;

export function formOf(head: Uint8Array): Form {
  if (head.length === 0) return 'empty';
  const [first = 0, second] = head;
  if (first === 0x1f && second === 0x8b) return 'gzip';
  // An entry; or the end record of an archive that has none.
  if (startsWith(head, 'PK\u0003\u0004') || startsWith(head, 'PK\u0005\u0006')) return 'zip';
  if (isArmored(head) || isPgpPacket(head)) return 'pgp';
  return isText(head) ? 'text' : 'unknown';
}

const startsWith = (head: Uint8Array, text: string): boolean =>
  asText(head.subarray(0, text.length)) === text;

const asText = (head: Uint8Array): string =>
  Buffer.from(head.buffer, head.byteOffset, head.length).toString('latin1');

export const isArmored = (head: Uint8Array): boolean =>
  /^(\u00ef\u00bb\u00bf)?\s*-----BEGIN PGP MESSAGE-----/.test(asText(head.subarray(0, 512)));

/** What a message may begin with (RFC 9580, 5.): packet tags with the versions that the packet may have. */
const beginnings: Readonly<Record<number, readonly number[] | 'any'>> = {
  1: [2, 3, 6], // session key, encrypted to a key
  2: [3, 4, 5, 6], // signature: signed only, as are the next two
  3: [4, 5, 6], // session key, encrypted to a password
  4: [3, 6], // signature that follows
  8: [0, 1, 2, 3], // compressed, with the algorithm in the place of a version
  9: 'any', // encrypted without integrity protection
  18: [1, 2], // encrypted, integrity protected
  20: [1], // encrypted, as gpg 2.3 does it
};

function isPgpPacket(head: Uint8Array): boolean {
  const [first = 0, second = 0] = head;
  if ((first & 0x80) === 0) return false;
  const isNew = (first & 0x40) !== 0;
  const versions = beginnings[isNew ? first & 0x3f : (first >> 2) & 0x0f];
  if (versions === undefined) return false;
  const lengthBytes = isNew
    ? second < 192 || (second >= 224 && second < 255)
      ? 1
      : second < 224
        ? 2
        : 5
    : ([1, 2, 4, 0][first & 3] ?? 0);
  const version = head[1 + lengthBytes];
  return version !== undefined && (versions === 'any' || versions.includes(version));
}

/** Every other byte of it is a NUL; no export of Responsys has been seen with it. */
export const isUtf16 = ([first = 0, second = 0]: Uint8Array): boolean =>
  (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);

/** Text may have a stray control character, or a NUL in a field; what is full of them is none. */
function isText(head: Uint8Array): boolean {
  if (isUtf16(head)) return false;
  const controls = head.reduce(
    (count, byte) =>
      count + ((byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) || byte === 0x7f ? 1 : 0),
    0,
  );
  return controls * 20 <= head.length;
}
