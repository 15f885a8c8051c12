/**
 * Two people who were in an audience, and turn out to be one: their stays are one, that which began first. A
 * mail that the other one had is that stay's, so that nobody is mailed again for it.
 */
import type { Database } from './database.ts';

/** To be called before the memberships of the two are united. */
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
    await database.query(
      `update campaign_mails as waiting set fate = 'same-address', settled_at = now()
         from campaign_mails as others
        where waiting.job_id = others.job_id and waiting.stay_id = $1 and others.stay_id = $2
          and waiting.fate = 'waiting' and others.fate in ('claimed', 'accepted', 'unknown')`,
      [kept, other],
    );
    await database.query(
      `update campaign_mails as mails set stay_id = $1
        where stay_id = $2
          and not exists (select 1 from campaign_mails where job_id = mails.job_id and stay_id = $1)`,
      [kept, other],
    );
  }
}
