/**
 * Chance that is the same on every run: a number made of a seed, a word that says what it is for, and a place.
 * Each is asked for by itself, so that any row of any file can be made without the rows before it.
 */

/** 32 bits. */
export type Chance = (what: string, place: number) => number;

export function openChance(seed: number): Chance {
  const salts = new Map<string, number>();
  return (what, place) => {
    let salt = salts.get(what);
    if (salt === undefined) {
      salt = Buffer.from(what).reduce((sum, byte) => mix(sum ^ byte), mix(seed));
      salts.set(what, salt);
    }
    return mix(mix(salt ^ (place >>> 0)) ^ Math.floor(place / 2 ** 32));
  };
}

/** The last step of MurmurHash3: each bit of the given number changes half of the bits. */
function mix(given: number): number {
  let bits = (given + 0x9e3779b9) | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
