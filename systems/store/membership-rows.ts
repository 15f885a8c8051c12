/**
 * New memberships as COPY reads them in its binary form, each with a stay that begins with it: an INSERT takes
 * three times as long for a row, of which a fifth goes into PostgreSQL's random ids.
 */
import { randomFillSync } from 'node:crypto';
import { cell, copyEnd, copyHead, int32, openIdCells, rowStart, uuidBytes } from './copy-binary.ts';

export const membershipColumns = 'is_member, stay_id, audience_id, profile_id';

export interface NewMembership {
  readonly audienceId: string;
  readonly profileId: string;
}

const idBytes = int32 + uuidBytes;
/** What rows have in common: true, and the length of the stay's id. */
const start = Buffer.concat([
  rowStart(membershipColumns),
  cell(Buffer.from([1])),
  cell(Buffer.alloc(uuidBytes)).subarray(0, int32),
]);
const rowBytes = start.length + uuidBytes + 2 * idBytes;

/** Rows that are handed to the connection at once. */
const rowsAtOnce = 10_000;

/** @returns few pieces, since the store waits for each */
export function* membershipRows(memberships: readonly NewMembership[]): Generator<Buffer> {
  const idCell = openIdCells();
  for (let from = 0; from < memberships.length; from += rowsAtOnce) {
    const some = memberships.slice(from, from + rowsAtOnce);
    // Of all that is random, the ids of stays are what is left.
    const rows = randomFillSync(Buffer.allocUnsafeSlow(some.length * rowBytes));
    for (const [index, { audienceId, profileId }] of some.entries()) {
      const stay = index * rowBytes + start.copy(rows, index * rowBytes);
      markAsRandom(rows, stay);
      idCell(audienceId).copy(rows, stay + uuidBytes);
      idCell(profileId).copy(rows, stay + uuidBytes + idBytes);
    }
    const isLast = from + some.length === memberships.length;
    yield Buffer.concat([...(from === 0 ? [copyHead] : []), rows, ...(isLast ? [copyEnd] : [])]);
  }
}

/** As `gen_random_uuid` does: an id of the fourth version. */
function markAsRandom(into: Buffer, from: number): void {
  into[from + 6] = ((into[from + 6] ?? 0) & 0x0f) | 0x40;
  into[from + 8] = ((into[from + 8] ?? 0) & 0x3f) | 0x80;
}
