/**
 * Who of those who wait can be mailed, by what is known of them at this moment. Whoever cannot gets a fate
 * here, before anything is sent. Pure.
 */
import type { AddressedMail, SettledMail, WaitingMail } from '../../systems/store/campaign-claims.ts';
import { hashIdentity, normaliseIdentity } from '../../systems/store/identities.ts';
import type { HashKeys } from '../../systems/store/identities.ts';
import type { MemberNow } from '../../systems/store/members.ts';
import { isOptedOut } from '../delivery/consent.ts';

/** A mail that nothing known here keeps back. */
export interface Recipient extends AddressedMail {
  readonly member: MemberNow;
}

/** Something before one `@`, a dot behind it, no blank: what Responsys takes beyond that is Responsys' to say. */
const address = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;

export function sortRecipients(
  waiting: readonly WaitingMail[],
  members: ReadonlyMap<string, MemberNow>,
  emailField: string,
  hashKeys: HashKeys,
): { readonly recipients: readonly Recipient[]; readonly settled: readonly SettledMail[] } {
  const recipients: Recipient[] = [];
  const settled: SettledMail[] = [];
  for (const { no, profileId } of waiting) {
    const member = members.get(profileId);
    const value = member?.fields[emailField];
    const text = value === undefined || typeof value === 'object' ? '' : String(value);
    const email = normaliseIdentity('email', text);
    if (member === undefined) settled.push({ no, fate: 'left' });
    else if (isOptedOut(member.fields)) settled.push({ no, fate: 'opted-out' });
    else if (email === undefined)
      settled.push({
        no,
        fate: 'rejected',
        code: 'no-address',
        words: `The profile has no address in ${emailField}.`,
      });
    else if (!address.test(email))
      settled.push({
        no,
        fate: 'rejected',
        code: 'bad-email',
        words: `What the profile has in ${emailField} is no address.`,
      });
    else
      recipients.push({
        no,
        profileId,
        member,
        address: hashIdentity(hashKeys, { field: 'email', value: email }),
      });
  }
  return { recipients, settled };
}
