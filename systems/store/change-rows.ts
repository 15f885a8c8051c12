/** Enters and exits for the change log, as COPY reads them in its binary form: in its text, ids take four times as long. */
import { arrayHead, cell, copyEnd, copyHead, openIdCells, rowStart } from './copy-binary.ts';

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

export function changeRows(rows: readonly ChangeRow[]): Buffer {
  const idCell = openIdCells();
  const start = rowStart(changeColumns);
  return Buffer.concat([
    copyHead,
    ...rows.flatMap(({ audienceIds, profileId, change }) => [
      start,
      cell(Buffer.concat([arrayHead(audienceIds.length, uuidType), ...audienceIds.map(idCell)])),
      idCell(profileId),
      cell(Buffer.from(change)),
    ]),
    copyEnd,
  ]);
}
