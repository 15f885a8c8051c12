/** Enters and exits for the change log, as COPY reads them in its binary form: in its text, ids take four times as long. */
import { bytesOfUuid, copyEnd, copyHead, int16, int32, uuidBytes, writeInt32 } from './copy-binary.ts';

export const changeColumns = 'audience_ids, profile_id, change';

/** What a profile enters, or leaves, at once. */
export interface ChangeRow {
  /** At least one. */
  readonly audienceIds: readonly string[];
  readonly profileId: string;
  readonly change: 'enter' | 'exit';
}

/** Of PostgreSQL's type uuid. */
const uuidType = 2950;
/** Before the elements of an array: its dimensions, whether it has nulls, its type, its length, and its first index. */
const arrayHead = 5 * int32;
const cellBytes = int32 + uuidBytes;

export function* changeRows(rows: Iterable<ChangeRow>): Generator<Buffer> {
  yield copyHead;
  const known = new Map<string, Buffer>();
  const bytesOf = (audienceId: string): Buffer => {
    const bytes = known.get(audienceId) ?? bytesOfUuid(audienceId);
    known.set(audienceId, bytes);
    return bytes;
  };
  for (const { audienceIds, profileId, change } of rows) {
    const arrayBytes = arrayHead + audienceIds.length * cellBytes;
    const row = Buffer.alloc(int16 + int32 + arrayBytes + cellBytes + int32 + change.length);
    let at = row.writeInt16BE(changeColumns.split(',').length);
    for (const number of [arrayBytes, 1, 0, uuidType, audienceIds.length, 1]) {
      writeInt32(row, number, at);
      at += int32;
    }
    for (const id of [...audienceIds.map(bytesOf), bytesOfUuid(profileId)]) {
      writeInt32(row, uuidBytes, at);
      id.copy(row, at + int32);
      at += cellBytes;
    }
    writeInt32(row, change.length, at);
    row.write(change, at + int32, 'latin1');
    yield row;
  }
  yield copyEnd;
}
