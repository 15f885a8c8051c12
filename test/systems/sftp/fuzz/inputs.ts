/** Inputs for the reading layers, each from its number and a seed: real files that were damaged, and made-up text. */
import { randomFrom } from '../../../fire/random.ts';
import type { Random } from '../../../fire/random.ts';

export interface RealFiles {
  readonly plain: readonly Uint8Array[];
  /** A damaged one may keep the library waiting up to its time limit: these are taken seldom. */
  readonly pgp: readonly Uint8Array[];
}

const pgpShare = 0.02;
const madeUpShare = 0.4;

export function inputOf(files: RealFiles, seed: number, number: number): Buffer {
  const random = randomFrom(seed * 1_000_003 + number);
  if (random.chance(pgpShare) && files.pgp.length > 0) return damaged(random, files.pgp);
  return random.chance(madeUpShare) ? madeUp(random) : damaged(random, files.plain);
}

const lengths = [0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fff_ffff, 0xffff_ffff] as const;

function damaged(random: Random, files: readonly Uint8Array[]): Buffer {
  let bytes = Buffer.from(random.of(files) ?? []);
  for (let times = 1 + random.below(4); times > 0 && bytes.length > 0; times--) {
    const at = placeIn(random, bytes);
    const end = Math.min(bytes.length, at + 1 + random.below(random.chance(0.7) ? 16 : bytes.length));
    const range = bytes.subarray(at, end);
    switch (random.below(7)) {
      case 0:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
        break;
      case 1:
        bytes = Buffer.from(bytes.subarray(0, at));
        break;
      case 2:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)]);
        break;
      case 3:
        bytes = Buffer.concat([bytes.subarray(0, end), range, bytes.subarray(end)]);
        break;
      case 4: {
        const other = Buffer.from(random.of(files) ?? []);
        const from = random.below(other.length + 1);
        bytes = Buffer.concat([
          bytes.subarray(0, at),
          other.subarray(from, from + random.below(400)),
          bytes.subarray(at),
        ]);
        break;
      }
      case 5: {
        const size = random.of([1, 2, 4] as const) ?? 1;
        if (at + size > bytes.length) break;
        const value = (random.of(lengths) ?? 0) % 2 ** (8 * size);
        if (random.chance(0.5)) bytes.writeUIntLE(value, at, size);
        else bytes.writeUIntBE(value, at, size);
        break;
      }
      default:
        for (let one = at; one < end; one++) bytes[one] = random.below(256);
    }
  }
  return bytes;
}

/** Where lengths and counts stand, at the begin and the end, more often than elsewhere. */
function placeIn(random: Random, bytes: Buffer): number {
  const near = random.below(Math.min(bytes.length, 64));
  if (random.chance(0.25)) return near;
  return random.chance(0.3) ? bytes.length - 1 - near : random.below(bytes.length);
}

const text = (of: string): Buffer => Buffer.from(of);
const times = ['31-Jan-2026 19:00:00', '2026-01-31T19:00:00Z', ''];
const cells = [
  ...['', '1', 'x', ' ', '"', '""', '"a|b"', '"a""b"', '"a\nb"', '"open', 'it is 5" wide', '\0', '\u00a0'],
  ...['é', '日本', '\uFEFF', '\t', ',', ';', '\u2028', '""""', '"a\r\nb"', '"\n\n"', '\\', '\u0001', "'"],
].map(text);
const bytesOfLatin1 = Buffer.from('Zürich', 'latin1');
const ends = ['\n', '\n', '\n', '\r\n', '\r', '\n\n', '\r\r\n', ' \n'].map(text);
const json = [
  ...[
    '{',
    '}',
    '[',
    ']',
    '"',
    '\\',
    ',',
    ':',
    '\n',
    ' ',
    'null',
    'true',
    '1e999',
    '-0',
    '12345678901234567890',
  ],
  ...[
    '{"riid":1}',
    '{"riid":1},',
    '"a":"b"',
    '{"a":{"b":[1,2]}}',
    '\\"',
    '\u2028',
    '\0',
    '{"\\u0000":1}',
    '7',
  ],
  ...['{"__proto__":1,"constructor":2}', '{"toString":null}', '\r', '\uFEFF', '{"a":1,"A":2}'],
].map(text);

const madeUp = (random: Random): Buffer => (random.chance(0.6) ? madeUpRows(random) : madeUpJson(random));

function madeUpRows(random: Random): Buffer {
  const columns = ['RIID', 'EVENT_CAPTURED_DT', 'OFFER_URL', 'OFFER_NAME'].slice(0, 2 + random.below(3));
  const quoted = random.chance(0.1) ? columns.map((name) => `"${name}"`) : columns;
  const pieces: Buffer[] = [text(random.chance(0.1) ? '\uFEFF' : ''), text(quoted.join('|'))];
  for (let rows = random.below(60); rows > 0; rows--) {
    pieces.push(random.of(ends) ?? text('\n'));
    const width = random.chance(0.9) ? columns.length : random.below(7);
    for (let cell = 0; cell < width; cell++) {
      if (cell > 0) pieces.push(text('|'));
      if (random.chance(0.02)) pieces.push(bytesOfLatin1);
      else if (random.chance(0.6)) pieces.push(text(cell === 1 ? (random.of(times) ?? '') : '17'));
      else pieces.push(random.of(cells) ?? text(''));
    }
  }
  if (random.chance(0.8)) pieces.push(text('\n'));
  return Buffer.concat(pieces);
}

function madeUpJson(random: Random): Buffer {
  const isArray = random.chance(0.6);
  const pieces = Array.from({ length: random.below(60) }, () => random.of(json) ?? text(''));
  return Buffer.concat([text(isArray ? '[' : '{"riid":1}\n'), ...pieces, text(isArray ? ']' : '')]);
}
