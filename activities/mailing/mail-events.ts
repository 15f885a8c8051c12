/**
 * Which rows of an event file tell of mails of campaign jobs. Pure.
 */
import { mailEvents } from '../../systems/store/campaign-outcomes.ts';
import type { MailEvent, MailEventName } from '../../systems/store/campaign-outcomes.ts';
import { hashIdentity, normaliseIdentity } from '../../systems/store/identities.ts';
import type { HashKeys } from '../../systems/store/identities.ts';

export interface EventRecord {
  readonly atMs: number;
  readonly values: readonly string[];
  /** Of the values, as their file's header has them. */
  readonly columns: readonly string[];
}

/** The event that a file's type is, where it is one of mails. */
export const mailEventOf = (eventType: string): MailEventName | undefined =>
  mailEvents.find((name) => name === eventType.toLowerCase());

export function readMailEvents(
  rows: Iterable<EventRecord>,
  campaigns: ReadonlySet<string>,
  hashKeys: HashKeys,
): readonly MailEvent[] {
  const found: MailEvent[] = [];
  let columns: readonly string[] | undefined;
  let at = { campaign: -1, riid: -1, email: -1, reason: -1 };
  for (const row of rows) {
    if (row.columns !== columns) {
      ({ columns } = row);
      const names = columns.map((name) => name.toLowerCase());
      at = {
        campaign: names.indexOf('campaign_id'),
        riid: names.indexOf('riid'),
        email: names.indexOf('email'),
        reason: names.indexOf('reason'),
      };
    }
    const campaignId = row.values[at.campaign]?.trim();
    if (campaignId === undefined || !campaigns.has(campaignId)) continue;
    const reason = row.values[at.reason]?.trim();
    const email = normaliseIdentity('email', row.values[at.email] ?? '');
    found.push({
      campaignId,
      riid: normaliseIdentity('rs_user_id', row.values[at.riid] ?? ''),
      address: email === undefined ? undefined : hashIdentity(hashKeys, { field: 'email', value: email }),
      atMs: row.atMs,
      reason: reason === '' ? undefined : reason,
    });
  }
  return found;
}
