/**
 * The stays that a campaign job hears of: enters of its audiences in the change log, and present members where
 * it fills back. Each is noted once, as a mail that waits; what becomes of it is decided when it is sent.
 */
import { mayHaveGone } from './campaign-may-have-gone.ts';
import type { RelayPosition } from './changes.ts';
import type { Database } from './database.ts';

export interface Entry {
  readonly audienceId: string;
  readonly profileId: string;
}

export interface ReadEntries {
  readonly entries: readonly Entry[];
  /** Members that the job is to look at again. */
  readonly again: readonly string[];
  readonly next: RelayPosition;
}

/**
 * The enters of a job's audiences among the next `limit` lines of the log, and the position after them. Exits mail
 * nobody: whether somebody has left is seen when the mail is about to go.
 * @param isLast nothing is read from the position after them: what is there counts, whatever may still commit before it
 * @returns undefined when there is nothing new
 */
export async function readEntries(
  database: Database,
  position: RelayPosition,
  limit: number,
  isLast = false,
): Promise<ReadEntries | undefined> {
  const { rows } = await database.query<{
    profileId: string;
    tx: string;
    no: number;
    entered: readonly string[];
    isAgain: boolean;
  }>(
    `select profile_id as "profileId", changes.tx::text, no,
            case when change = 'enter' then array(
              select audience_id from job_audiences where job_id = $1 and audience_id = any(audience_ids)
            ) else '{}' end as entered,
            change = 'again' and job_id = $1 as "isAgain"
       from changes
      where (tx, no) > ($2::xid8, $3) and ($5 or tx < pg_snapshot_xmin(pg_current_snapshot()))
      -- Of the table: by the text of the same name, 1000 comes before 999.
      order by changes.tx, no limit $4`,
    [position.jobId, position.tx, position.no, limit, isLast],
  );
  const last = rows.at(-1);
  if (last === undefined) return undefined;
  return {
    entries: rows.flatMap(({ profileId, entered }) =>
      entered.map((audienceId) => ({ audienceId, profileId })),
    ),
    again: rows.filter(({ isAgain }) => isAgain).map(({ profileId }) => profileId),
    next: { ...position, tx: last.tx, no: last.no },
  };
}

/**
 * Keeps what is written of a job's mails to one transaction at a time, until it ends: claims see each other.
 * To be taken after holdOffNewPeople and holdOffMerges, by whoever takes those as well.
 */
export async function lockMails(database: Database, jobId: string): Promise<void> {
  const job = await database.query('select 1 from jobs where id = $1 for no key update', [jobId]);
  if (job.rowCount === 0) throw new Error('The job whose mails are written is gone.');
}

/**
 * Notes the stays that these enters began, in a transaction of its caller. Heard of again, a stay is left as it
 * is. Where one still waits that ended meanwhile, it moves on to the newer: before anything was sent, leaving
 * and entering again is one stay.
 */
export async function hearStays(database: Database, jobId: string, entries: readonly Entry[]): Promise<void> {
  if (entries.length === 0) return;
  await lockMails(database, jobId);
  const told = entries.map(({ audienceId }) => audienceId);
  const people = entries.map(({ profileId }) => profileId);
  // Of a back-fill until now: as who entered, they are mailed without it.
  await database.query(
    `with ${toldStays}
     update campaign_mails as mails set of_backfill = false
       from told join audience_members using (audience_id, profile_id)
      where job_id = $1 and mails.stay_id = audience_members.stay_id and fate = 'waiting' and of_backfill`,
    [jobId, told, people],
  );
  await settleEnded(database, jobId, people);
  await database.query(
    `with ${toldStays}
     insert into campaign_mails as mails (job_id, stay_id, audience_id, profile_id)
     select $1, stay_id, audience_id, profile_id from told join audience_members using (audience_id, profile_id)
      where not exists (select 1 from campaign_mails as known
                         where known.job_id = $1 and known.stay_id = audience_members.stay_id)
      order by audience_members.changed_at, profile_id
     on conflict (job_id, profile_id, audience_id) where fate = 'waiting'
       do update set stay_id = excluded.stay_id, of_backfill = false`,
    [jobId, told, people],
  );
}

/**
 * Of what went, or may have, another stay is another mail: one that waits to be triggered again does not move on
 * to it, and is as unknown as it was.
 * @param profileIds of whom; of all without any
 */
export async function settleEnded(
  database: Database,
  jobId: string,
  profileIds: readonly string[] | null,
): Promise<void> {
  await database.query(
    `update campaign_mails as mails set fate = 'unknown', reason_code = 'left', settled_at = now()
      where job_id = $1 and fate = 'waiting' and ($2::uuid[] is null or profile_id = any($2)) and ${mayHaveGone('no')}
        and not exists (select 1 from audience_members as members
                         where members.stay_id = mails.stay_id and members.audience_id = mails.audience_id and is_member
                           and members.profile_id = coalesce((select aliases.profile_id from profile_aliases as aliases
                                                               where alias = mails.profile_id), mails.profile_id))`,
    [jobId, profileIds],
  );
}

const readAtOnce = 1_000;

/**
 * For a job that ends: who entered while it ran, and of whom it was not told yet, waits for it as the others do. Runs
 * in a transaction of its caller, which holds off merges.
 */
export async function hearRest(database: Database, position: RelayPosition): Promise<void> {
  for (let from = position; ;) {
    const read = await readEntries(database, from, readAtOnce, true);
    if (read === undefined) return;
    await hearStays(database, position.jobId, read.entries);
    from = read.next;
  }
}

const toldStays = `told as (
  select distinct audience_id, coalesce(aliases.profile_id, given.profile_id) as profile_id
    from unnest($2::uuid[], $3::uuid[]) as given (audience_id, profile_id)
    left join profile_aliases as aliases on alias = given.profile_id
)`;

/**
 * Lets a job that begins anew look at the mails that wait: whoever was to be told of them may be gone. Not at those
 * of a back-fill, which go by its walk alone, after its canary.
 */
export async function tellOfWaiting(database: Database, jobId: string): Promise<void> {
  await database.query(
    `insert into changes (job_id, profile_id, change)
     select distinct $1, profile_id, 'again' from campaign_mails
      where job_id = $1 and fate = 'waiting' and not of_backfill`,
    [jobId],
  );
}

/** How many of these ids are nobody's of whom the job has heard. */
export async function countUnheard(
  database: Database,
  jobId: string,
  profileIds: readonly string[],
): Promise<number> {
  const { rows } = await database.query<{ unheard: number }>(
    `select count(*) as unheard from unnest($2::uuid[]) as given (id)
       left join profile_aliases on alias = given.id
      where not exists (select 1 from campaign_mails
                         where job_id = $1 and campaign_mails.profile_id in (given.id, profile_aliases.profile_id))`,
    [jobId, profileIds],
  );
  return rows[0]?.unheard ?? 0;
}
