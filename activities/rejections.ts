/**
 * What is said of a job of which much was rejected, and of its canary. Counts and codes only. Pure.
 */
import type { FuseReading } from '../systems/store/fuses.ts';
import type { MailCounts } from '../systems/store/campaign-counts.ts';
import type { Counts, FailureGroup } from '../systems/store/ledger.ts';

export const tooManyRejected = ({ sent, rejected }: FuseReading, stopWhenRejectedPercent: number): string =>
  `${rejected} of the last ${sent} members were rejected, more than the ${stopWhenRejectedPercent}% of stopWhenRejected. ` +
  'See "jobs failures"; "jobs resume" goes on';

/** @param trouble what the last of them met, in the reader's words */
export const triggersUnanswered = (triggers: number, trouble: string): string =>
  `${triggers} triggers in a row got no answer: whether their mails went out is unknown. The last: ${trouble.replace(/\.$/, '')}. ` +
  'Nothing more is triggered; see in Responsys whether the campaign sends, then "jobs resume" goes on';

export function canaryInWords(
  counts: Counts,
  failures: readonly Pick<FailureGroup, 'code' | 'members'>[],
): string {
  const sent = counts.accepted + counts.rejected + counts['not-in-list'];
  const notInList = counts['not-in-list'] === 0 ? '' : `, ${counts['not-in-list']} not in the list`;
  return (
    `Of the first ${sent} members ${counts.accepted} were accepted, ${counts.rejected} rejected${byReason(failures)}${notInList}. ` +
    '"jobs approve" sends the rest, "jobs stop" ends the job'
  );
}

/** Of a back-fill's first members; who entered meanwhile waits, and is no part of it. */
export function mailCanaryInWords(
  counts: MailCounts,
  failures: readonly Pick<FailureGroup, 'code' | 'members'>[],
): string {
  const { waiting, accepted, rejected, unknown } = counts;
  const kept =
    counts.left + counts['same-address'] + counts['opted-out'] + counts['too-soon'] + counts['not-in-list'];
  const also = [
    ...(unknown === 0 ? [] : [`${unknown} of unknown fate`]),
    ...(kept === 0 ? [] : [`${kept} kept back`]),
  ].map((words) => `, ${words}`);
  return (
    `Of the first ${accepted + rejected + unknown + kept} members ${accepted} were mailed, ` +
    `${rejected} rejected${byReason(failures)}${also.join('')}; ${waiting} wait. ` +
    '"jobs approve" mails the rest, "jobs stop" ends the job'
  );
}

function byReason(failures: readonly Pick<FailureGroup, 'code' | 'members'>[]): string {
  const reasons = failures.map(({ code, members }) => `${code} ${members}`).join(', ');
  return reasons === '' ? '' : ` (${reasons})`;
}
