/**
 * The fates of those who entered, as people read them, in the order in which they are told. The first are those
 * to whom a mail may have gone.
 */
import type { MailFate } from '../../systems/store/campaign-claims.ts';

export const fatesInWords: Readonly<Record<MailFate, string>> = {
  accepted: 'accepted by Responsys',
  unknown: 'unknown: the answer never came',
  claimed: 'being triggered',
  rejected: 'rejected',
  left: 'left before the mail',
  'same-address': 'same person or address, mailed already',
  'opted-out': 'opted out',
  'too-soon': 'too soon after another mail of this job',
  'not-in-list': 'not in the list',
  waiting: 'waiting',
};
