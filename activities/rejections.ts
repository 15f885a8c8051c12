/**
 * What is said of a job of which much was rejected, and of its canary. Counts and codes only. Pure.
 */
import type { FuseReading } from '../systems/store/fuses.ts';
import type { Counts, FailureGroup } from '../systems/store/ledger.ts';

export const tooManyRejected = ({ sent, rejected }: FuseReading, stopWhenRejectedPercent: number): string =>
  `${rejected} of the last ${sent} members were rejected, more than the ${stopWhenRejectedPercent}% of stopWhenRejected. ` +
  'See "jobs failures"; "jobs resume" goes on';

export function canaryInWords(
  counts: Counts,
  failures: readonly Pick<FailureGroup, 'code' | 'members'>[],
): string {
  const sent = counts.accepted + counts.rejected + counts['not-in-list'];
  const reasons = failures.map(({ code, members }) => `${code} ${members}`).join(', ');
  const rejected = reasons === '' ? '' : ` (${reasons})`;
  const notInList = counts['not-in-list'] === 0 ? '' : `, ${counts['not-in-list']} not in the list`;
  return (
    `Of the first ${sent} members ${counts.accepted} were accepted, ${counts.rejected} rejected${rejected}${notInList}. ` +
    '"jobs approve" sends the rest, "jobs stop" ends the job'
  );
}
