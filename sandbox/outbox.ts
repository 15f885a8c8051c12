/**
 * The mails that triggers brought about, kept in the file: to whom, of which campaign, with what. A mail that
 * Responsys took and will not send has its reason beside it: the trigger itself does not tell.
 */
import type { Campaign } from './campaigns.ts';
import type { ProfileList } from './catalog.ts';
import { readsField } from './sql-columns.ts';
import type { Storage } from './storage.ts';

export interface OptionalDatum {
  readonly name: string;
  readonly value: string;
}

export interface Mail {
  readonly id: number;
  readonly atMs: number;
  readonly campaignId: number;
  readonly campaign: string;
  readonly purpose: 'PROMOTIONAL' | 'TRANSACTIONAL';
  readonly subject: string;
  readonly listId: number;
  readonly riid: number;
  readonly email: string;
  readonly customerId: string;
  readonly optionalData: readonly OptionalDatum[];
  /** Why it is not sent; null where it is. */
  readonly skipped: string | null;
}

/** The words are invented: no source shows what is said of an opt-out. */
export const optedOut = 'Recipient has opted out';

/** Puts a mail to a record of the campaign's list into the outbox; why not, in Responsys' words, where it has none. */
export function post(
  storage: Storage,
  campaign: Campaign,
  list: ProfileList,
  riid: number,
  optionalData: readonly OptionalDatum[],
): string | undefined {
  const record = storage
    .prepare(
      `SELECT "EMAIL_ADDRESS_" AS email, "CUSTOMER_ID_" AS customer, "EMAIL_PERMISSION_STATUS_" AS permission,
              ${readsField('EMAIL_DELIVERABILITY_STATUS_')} AS deliverable
         FROM ${list.sql} WHERE "RIID_" = ?`,
    )
    .get(riid);
  if (record === undefined) return 'NO_RECIPIENT_FOUND: Recipient Not Found';
  // Of a record without an address it is assumed.
  if (record['deliverable'] !== 'D')
    return 'RECIPIENT_STATUS_UNDELIVERABLE: Recipient deliverability status is undeliverable';
  const isSkipped = campaign.purpose === 'PROMOTIONAL' && record['permission'] !== 'I';
  storage
    .prepare(
      `INSERT INTO outbox (at_ms, campaign_id, campaign, purpose, subject, list_id, riid, email, customer_id,
                           optional_data, skipped)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(
      ...([
        Date.now(),
        campaign.id,
        campaign.name,
        campaign.purpose,
        campaign.subject,
        list.id,
        riid,
      ] as const),
      ...([String(record['email']), String(record['customer'] ?? ''), JSON.stringify(optionalData)] as const),
      isSkipped ? optedOut : null,
    );
  return undefined;
}

const mailOf = (row: Readonly<Record<string, unknown>>): Mail => ({
  ...{ id: Number(row['id']), atMs: Number(row['at_ms']), campaignId: Number(row['campaign_id']) },
  ...{ campaign: String(row['campaign']), subject: String(row['subject']), listId: Number(row['list_id']) },
  ...{ riid: Number(row['riid']), email: String(row['email']), customerId: String(row['customer_id']) },
  purpose: row['purpose'] === 'TRANSACTIONAL' ? 'TRANSACTIONAL' : 'PROMOTIONAL',
  optionalData: JSON.parse(String(row['optional_data'])) as readonly OptionalDatum[],
  skipped: typeof row['skipped'] === 'string' ? row['skipped'] : null,
});

/** Mails behind one, in the order in which they came. */
export const mailsAfter = (storage: Storage, id: number, limit: number): readonly Mail[] =>
  storage.prepare('SELECT * FROM outbox WHERE id > ? ORDER BY id LIMIT ?').all(id, limit).map(mailOf);

/** Those whose events no file has told yet. */
export const untoldMails = (storage: Storage): readonly Mail[] =>
  storage.prepare('SELECT * FROM outbox WHERE told = 0 ORDER BY id').all().map(mailOf);

export const lastMails = (storage: Storage, limit: number): readonly Mail[] =>
  storage.prepare('SELECT * FROM outbox ORDER BY id DESC LIMIT ?').all(limit).map(mailOf);

export const countMails = (storage: Storage): number =>
  Number(storage.prepare('SELECT count(*) AS mails FROM outbox').get()?.['mails']);
