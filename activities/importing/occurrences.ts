/**
 * Counts how often each key was seen, for any number of keys in a memory that does not grow: 64 bits of each
 * and its count in an open-addressed table. A full one is put aside on disk as it is, and an empty one goes on;
 * a filter of fixed size tells of nearly all keys that they are in none that was put aside, so that the disk is
 * asked for few. The count is exact but for keys of which these bits are the same: of two different ones among
 * 20 million, the chance is one in 100,000.
 */
import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from 'node:crypto';
import { closeSync, openSync, readSync, writeSync } from 'node:fs';

export interface Occurrences {
  /**
   * Counts a key.
   * @param key bytes as characters from 0 to 255, evenly spread, eight at least
   * @returns how often it was counted, this time included
   */
  count(key: string): number;
  /** Lets go of the disk. The file stays for whoever tidies up. */
  close(): void;
}

/** Slots that a table begins with, or has at most. */
const firstSlots = 1 << 12;
export const mostSlots = 1 << 21;
const fullest = 0.6;
/** Numbers of a slot: the key's bits in two, and its count, 0 where the slot is free. */
const slotNumbers = 3;
const slotBytes = slotNumbers * 4;

/**
 * @param asidePath of the file that full tables are put into; it is made for the first of them
 * @param most slots of a table: a power of two, 16 at least
 */
export function openOccurrences(asidePath: string, most = mostSlots): Occurrences {
  const first = Math.min(firstSlots, most);
  let size = 0;
  let mask = first - 1;
  let table = new Uint32Array(first * slotNumbers);
  let aside: Aside | undefined;

  const placeOf = (one: number, other: number): number => {
    let place = (beginning(one, other) & mask) * slotNumbers;
    while (table[place + 2] !== 0 && (table[place] !== one || table[place + 1] !== other))
      place = (place + slotNumbers) % table.length;
    return place;
  };
  const grow = (): void => {
    const before = table;
    mask = mask * 2 + 1;
    table = new Uint32Array(before.length * 2);
    for (let at = 0; at < before.length; at += slotNumbers)
      if (before[at + 2] !== 0)
        table.set(before.subarray(at, at + slotNumbers), placeOf(before[at] ?? 0, before[at + 1] ?? 0));
  };
  const makeRoom = (): void => {
    if (mask + 1 < most) {
      grow();
      return;
    }
    aside ??= openAside(asidePath, table.length);
    aside.put(table);
    table.fill(0);
    size = 0;
  };

  return {
    count: (key) => {
      const one = numberAt(key, 0);
      const other = numberAt(key, 4);
      const place = placeOf(one, other);
      const known = table[place + 2] ?? 0;
      const times = (known === 0 ? (aside?.timesOf(one, other) ?? 0) : known) + 1;
      table[place + 2] = times;
      if (known > 0) return times;
      table[place] = one;
      table[place + 1] = other;
      size += 1;
      if (size > (mask + 1) * fullest) makeRoom();
      return times;
    },
    close: () => aside?.close(),
  };
}

const numberAt = (key: string, at: number): number =>
  ((key.charCodeAt(at) << 24) |
    (key.charCodeAt(at + 1) << 16) |
    (key.charCodeAt(at + 2) << 8) |
    key.charCodeAt(at + 3)) >>>
  0;

/** Where in a table the search for a key begins. */
const beginning = (one: number, other: number): number => one ^ Math.imul(other, 0x9e3779b1);

interface Aside {
  /** Puts a table aside; all are of one length. */
  put(table: Uint32Array): void;
  /** The latest count of a key; 0 where it is in no table. */
  timesOf(one: number, other: number): number;
  close(): void;
}

/** Slots that are read at once: those of a key are nearly always among them. */
const slotsAtOnce = 32;
/** Of them four make whole blocks of the cipher. */
const slotsOfBlocks = 4;
const cipherBlockBytes = 16;
const pieceBytes = slotBytes << 14;

/**
 * Tables on disk, one behind the other. What stands in them is made of rows about people: nobody can read it
 * without a key that is in memory alone, and is used for this file alone, so that places in it can be the nonces.
 */
function openAside(path: string, length: number): Aside {
  const file = openSync(path, 'w+', 0o600);
  const filter = openFilter();
  const secret = createSecretKey(randomBytes(32));
  const slots = length / slotNumbers;
  const stored = Buffer.alloc(slotsAtOnce * slotBytes);
  let tables = 0;
  const nonceOf = (at: number): Buffer => {
    const nonce = Buffer.alloc(cipherBlockBytes);
    nonce.writeUIntBE(at / cipherBlockBytes, cipherBlockBytes - 6, 6);
    return nonce;
  };
  /** @param slot that a block of the cipher begins with */
  const read = (table: number, slot: number): Uint32Array => {
    const at = (table * slots + slot) * slotBytes;
    const bytes = Math.min(slotsAtOnce, slots - slot) * slotBytes;
    if (readSync(file, stored, 0, bytes, at) !== bytes) throw altered();
    const plain = createDecipheriv('aes-256-ctr', secret, nonceOf(at)).update(stored.subarray(0, bytes));
    return new Uint32Array(plain.buffer, plain.byteOffset, plain.length / 4);
  };
  const altered = (): Error => new Error(`${path} is not as it was written.`);
  const timesIn = (table: number, one: number, other: number): number => {
    let slot = beginning(one, other) & (slots - 1);
    // A free slot ends the search; there is one, or somebody has altered the file.
    for (let reads = 0; reads <= slots; reads++) {
      const first = slot - (slot % slotsOfBlocks);
      const numbers = read(table, first);
      for (let at = (slot - first) * slotNumbers; at < numbers.length; at += slotNumbers) {
        if (numbers[at + 2] === 0) return 0;
        if (numbers[at] === one && numbers[at + 1] === other) return numbers[at + 2] ?? 0;
      }
      slot = (first + numbers.length / slotNumbers) % slots;
    }
    throw altered();
  };
  return {
    put: (table) => {
      const plain = new Uint8Array(table.buffer);
      let at = tables * slots * slotBytes;
      const cipher = createCipheriv('aes-256-ctr', secret, nonceOf(at));
      for (let from = 0; from < plain.length; from += pieceBytes) {
        const sealed = cipher.update(plain.subarray(from, from + pieceBytes));
        for (let written = 0; written < sealed.length;)
          written += writeSync(file, sealed, written, sealed.length - written, at + written);
        at += sealed.length;
      }
      for (let place = 0; place < length; place += slotNumbers)
        if (table[place + 2] !== 0) filter.add(table[place] ?? 0, table[place + 1] ?? 0);
      tables += 1;
    },
    timesOf: (one, other) => {
      if (!filter.mayHave(one, other)) return 0;
      // Whoever is counted on stands in a later table with the whole count.
      for (let table = tables - 1; table >= 0; table--) {
        const times = timesIn(table, one, other);
        if (times > 0) return times;
      }
      return 0;
    },
    close: () => closeSync(file),
  };
}

/** 32 MB: of 20 million keys, about one in 400 is looked for on disk in vain; of 50 million, one in seven. */
const filterNumbers = 1 << 23;
/** Each key has a bit in each of eight numbers that stand together. */
const [bitsOfKey, salts] = [
  8,
  [0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d, 0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31],
] as const;

/** A split block Bloom filter, as Parquet has it. It may say yes of a key that it never saw, but never no of one that it did. */
function openFilter() {
  const bits = new Uint32Array(filterNumbers);
  const startOf = (one: number): number => (one % (filterNumbers / bitsOfKey)) * bitsOfKey;
  const bitOf = (other: number, at: number): number => 1 << (Math.imul(other, salts[at] ?? 0) >>> 27);
  return {
    add: (one: number, other: number): void => {
      const start = startOf(one);
      for (let at = 0; at < bitsOfKey; at++) bits[start + at] = (bits[start + at] ?? 0) | bitOf(other, at);
    },
    mayHave: (one: number, other: number): boolean => {
      const start = startOf(one);
      for (let at = 0; at < bitsOfKey; at++)
        if (((bits[start + at] ?? 0) & bitOf(other, at)) === 0) return false;
      return true;
    },
  };
}
