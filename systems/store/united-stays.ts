/**
 * Two people who were in an audience, and turn out to be one: their stays are one, that which began first. It
 * takes over the mail that either had, or that waits for either, so that nobody is mailed again for it.
 */
import { mayHaveGone } from './campaign-may-have-gone.ts';
import type { Database } from './database.ts';

/** What one is whose person has another mail: of an earlier trigger of its own it is as unknown as it was. */
const sameAddress = `case when fate = 'claimed' then fate when ${mayHaveGone('mails.no')} then 'unknown' else 'same-address' end`;

/**
 * To be called before the memberships of the two are united, in a transaction that holds merges: whoever claims
 * a mail holds them off.
 */
export async function uniteStays(database: Database, staysId: string, goesId: string): Promise<void> {
  const { rows } = await database.query<{ kept: string; other: string }>(
    `select case when goes.changed_at < stays.changed_at then goes.stay_id else stays.stay_id end as kept,
            case when goes.changed_at < stays.changed_at then stays.stay_id else goes.stay_id end as other
       from audience_members as stays join audience_members as goes using (audience_id)
      where stays.profile_id = $1 and goes.profile_id = $2 and stays.is_member and goes.is_member
      order by audience_id`,
    [staysId, goesId],
  );
  for (const { kept, other } of rows) {
    // Of two mails, the one that went counts before one that may have, also where that waits to be triggered again;
    // then comes one that waits, and last one that will not go. Its place is made free: the other is known to be the
    // same person's.
    await database.query(
      `with ranked as (
         select no, job_id, stay_id,
                case when fate = 'accepted' then 4
                     when fate in ('claimed', 'unknown') then 3
                     when fate = 'waiting' and ${mayHaveGone('no')} then 2
                     when fate = 'waiting' then 1 else 0 end as rank
           from campaign_mails where stay_id in ($1, $2)
       )
       update campaign_mails as mails
          set stay_id = gen_random_uuid(), fate = ${sameAddress}, reason_code = null, words = null, settled_at = now()
         from ranked as own join ranked as others using (job_id)
        where own.stay_id = $1 and others.stay_id = $2 and others.rank > own.rank and mails.no = own.no`,
      [kept, other],
    );
    await database.query(
      `update campaign_mails as mails set stay_id = $1
        where stay_id = $2
          and not exists (select 1 from campaign_mails where job_id = mails.job_id and stay_id = $1)`,
      [kept, other],
    );
    // The other's waits for nothing: the mail that stands has its turn, or went.
    await database.query(
      `update campaign_mails as mails set fate = ${sameAddress}, settled_at = now()
        where stay_id = $1 and fate = 'waiting'`,
      [other],
    );
  }
}
