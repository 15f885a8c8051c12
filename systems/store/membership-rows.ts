/**
 * New memberships as COPY reads them in its binary form, each with a stay that begins with it: an INSERT takes
 * three times as long for a row, of which a fifth goes into PostgreSQL's random ids.
 */
import { randomFillSync } from 'node:crypto';
import { bytesOfUuid, copyEnd, copyHead, int16, int32, uuidBytes, writeInt32 } from './copy-binary.ts';

export const membershipColumns = 'audience_id, profile_id, stay_id, is_member';

const cellBytes = int32 + uuidBytes;
/** Where the ids begin in a row, and where it ends. */
const at = {
  audience: int16 + int32,
  profile: int16 + cellBytes + int32,
  stay: int16 + 2 * cellBytes + int32,
  isMember: int16 + 3 * cellBytes + int32,
} as const;
const rowBytes = at.isMember + 1;

/** What rows have in common. */
const row = Buffer.alloc(rowBytes);
row.writeInt16BE(membershipColumns.split(',').length);
for (const id of [at.audience, at.profile, at.stay]) writeInt32(row, uuidBytes, id - int32);
writeInt32(row, 1, at.isMember - int32);
row[at.isMember] = 1;

/** Rows that are handed to the connection at once. */
const rowsAtOnce = 10_000;

/**
 * @param entering who enters, by the audience's id: rows of one audience stand together, as its index has them
 * @returns few pieces, since the store waits for each
 */
export function* membershipRows(entering: ReadonlyMap<string, readonly string[]>): Generator<Buffer> {
  let head = copyHead;
  let left = [...entering.values()].reduce((sum, { length }) => sum + length, 0);
  let rows = Buffer.alloc(0);
  let bytes = 0;
  const profiles = new Map<string, Buffer>();
  for (const [audienceId, profileIds] of entering) {
    const audience = bytesOfUuid(audienceId);
    for (const profileId of profileIds) {
      if (bytes === rows.length) {
        if (bytes > 0) {
          yield Buffer.concat([head, rows]);
          head = Buffer.alloc(0);
        }
        // Of all that is random, the ids of stays are what is left.
        rows = randomFillSync(Buffer.allocUnsafeSlow(rowBytes * Math.min(left, rowsAtOnce)));
        bytes = 0;
      }
      const profile = profiles.get(profileId) ?? bytesOfUuid(profileId);
      profiles.set(profileId, profile);
      row.copy(rows, bytes, 0, at.stay);
      audience.copy(rows, bytes + at.audience);
      profile.copy(rows, bytes + at.profile);
      markAsRandom(rows, bytes + at.stay);
      row.copy(rows, bytes + at.stay + uuidBytes, at.stay + uuidBytes);
      bytes += rowBytes;
      left -= 1;
    }
  }
  yield Buffer.concat([head, rows, copyEnd]);
}

/** As `gen_random_uuid` does: an id of the fourth version. */
function markAsRandom(into: Buffer, from: number): void {
  into[from + 6] = ((into[from + 6] ?? 0) & 0x0f) | 0x40;
  into[from + 8] = ((into[from + 8] ?? 0) & 0x3f) | 0x80;
}
