/**
 * SipHash-2-4 with Lytics' key (k0 = 0, k1 = 1) over UTF-8, as a signed 64-bit number: the keys of a profile's
 * hashed URLs. 64-bit words are pairs of 32-bit halves here, since BigInt arithmetic is many times slower and
 * a click's URL is hashed for every row.
 */

const KEY = { k0: 0n, k1: 1n };

const half = (word: bigint): readonly [number, number] => [
  Number(word & 0xffffffffn) | 0,
  Number(word >> 32n) | 0,
];
const start = [
  KEY.k0 ^ 0x736f6d6570736575n,
  KEY.k1 ^ 0x646f72616e646f6dn,
  KEY.k0 ^ 0x6c7967656e657261n,
  KEY.k1 ^ 0x7465646279746573n,
].flatMap(half);

/** The state v0 … v3, low half before high half; one for all calls, since none yields. */
const v = new Int32Array(8);

/** v[a] += v[b]; v[b] = rotl(v[b], bits) ^ v[a], where a and b are the low halves' places. */
function mix(a: number, b: number, bits: number): void {
  const low = (v[a] ?? 0) >>> 0;
  const sum = low + ((v[b] ?? 0) >>> 0);
  v[a] = sum;
  v[a + 1] = (v[a + 1] ?? 0) + (v[b + 1] ?? 0) + (sum > 0xffffffff ? 1 : 0);
  rotate(b, bits);
  v[b] = (v[b] ?? 0) ^ (v[a] ?? 0);
  v[b + 1] = (v[b + 1] ?? 0) ^ (v[a + 1] ?? 0);
}

function rotate(a: number, bits: number): void {
  let low = v[a] ?? 0;
  let high = v[a + 1] ?? 0;
  if (bits >= 32) {
    [low, high] = [high, low];
    bits -= 32;
  }
  if (bits === 0) {
    v[a] = low;
    v[a + 1] = high;
    return;
  }
  v[a] = (low << bits) | (high >>> (32 - bits));
  v[a + 1] = (high << bits) | (low >>> (32 - bits));
}

function round(): void {
  mix(0, 2, 13);
  rotate(0, 32);
  mix(4, 6, 16);
  mix(0, 6, 21);
  mix(4, 2, 17);
  rotate(4, 32);
}

function absorb(low: number, high: number): void {
  v[6] = (v[6] ?? 0) ^ low;
  v[7] = (v[7] ?? 0) ^ high;
  round();
  round();
  v[0] = (v[0] ?? 0) ^ low;
  v[1] = (v[1] ?? 0) ^ high;
}

let bytes = Buffer.alloc(4096);

export function sipHash(text: string): bigint {
  const most = text.length * 3;
  if (most > bytes.length) bytes = Buffer.alloc(most * 2);
  const length = bytes.write(text, 0, 'utf8');
  v.set(start);
  const whole = length - (length % 8);
  for (let at = 0; at < whole; at += 8) absorb(bytes.readInt32LE(at), bytes.readInt32LE(at + 4));
  let low = 0;
  let high = length << 24;
  for (let at = whole; at < length; at++) {
    const byte = bytes[at] ?? 0;
    const place = (at - whole) * 8;
    if (place < 32) low |= byte << place;
    else high |= byte << (place - 32);
  }
  absorb(low, high);
  v[4] = (v[4] ?? 0) ^ 0xff;
  for (let count = 0; count < 4; count++) round();
  const word = (at: number): number => (v[at] ?? 0) ^ (v[at + 2] ?? 0) ^ (v[at + 4] ?? 0) ^ (v[at + 6] ?? 0);
  return (BigInt(word(1)) << 32n) | BigInt(word(0) >>> 0);
}
