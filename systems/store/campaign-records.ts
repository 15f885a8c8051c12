/**
 * The records that a campaign's list answers for those who are about to be mailed, beside their mails: whatever
 * becomes of a mail, whose the record is is written to the profile once the account is known (answered-riids.ts).
 */
import type { Database } from './database.ts';

export interface MailRecord {
  readonly no: number;
  readonly riid: string;
}

/**
 * Under `lockMails`.
 * @param accountId under whose id they are written to the profiles now; null where it is not known yet
 */
export async function noteRecords(
  database: Database,
  jobId: string,
  records: readonly MailRecord[],
  accountId: string | null,
): Promise<void> {
  if (records.length === 0) return;
  await database.query(
    `update campaign_mails as mails set riid = given.riid, riid_account = $4
       from unnest($2::bigint[], $3::text[]) as given (no, riid)
      where job_id = $1 and mails.no = given.no and fate = 'waiting'`,
    [jobId, records.map(({ no }) => no), records.map(({ riid }) => riid), accountId],
  );
}
