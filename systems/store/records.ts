/**
 * Which records in Responsys may hold a 1 for which members of a job. A record is noted, and committed,
 * before its memberships row is sent, so that no crash leaves a 1 that nobody knows of; it is taken back only
 * when it was set to 0, or when another member holds it too, who is then sent again.
 */
import type { Lane } from '../../jobs/lane.ts';
import { logAgain } from './changes.ts';
import type { Database } from './database.ts';
import { holdOffMerges } from './merging.ts';

/** A send: one attempt at a batch of the live lane, which come one after another, or at a page of a scan. */
export interface Sender {
  readonly lane: Lane;
  /** Of this attempt alone. */
  readonly sendId: string;
}

export interface MemberRecord {
  readonly profileId: string;
  /** `RIID_`, or the job's first match column. */
  readonly column: string;
  readonly value: string;
}

/** A record that a member no longer resolves to. */
export interface OldRecord extends MemberRecord {
  /** Whether another member holds it as well: then it is not to be set to 0. */
  readonly isShared: boolean;
  /** Those who noted it, and have ended: once it was let go, nobody writes it any more. */
  readonly ended: readonly Note[];
}

/** By which profile, and in which send, a record was noted last. */
export interface Note {
  readonly profileId: string;
  readonly lane: Lane;
  readonly sendId: string | null;
}

export type Released = OldRecord & { readonly outcome: 'cleared' | 'left' | 'failed' };

const recordColumns = (records: readonly MemberRecord[]): readonly string[][] => [
  records.map(({ profileId }) => profileId),
  records.map(({ column }) => column),
  records.map(({ value }) => value),
];

/** Notes the records that a send is about to write. */
export async function holdRecords(
  database: Database,
  jobId: string,
  { lane, sendId }: Sender,
  records: readonly MemberRecord[],
): Promise<void> {
  if (records.length === 0) return;
  await database.query(
    `insert into job_records (job_id, lane, send_id, profile_id, match_column, match_value)
     select distinct $1, $2, $3::uuid, given.* from unnest($4::uuid[], $5::text[], $6::text[]) as given order by 4, 5, 6
     on conflict (job_id, profile_id, match_column, match_value, lane) do update
       set is_settled = false, send_id = excluded.send_id`,
    [jobId, lane, sendId, ...recordColumns(records)],
  );
}

/**
 * Of a member (owner), and of the profiles that were merged into it; and who that is by now (person), since
 * it may have been merged into another while it was being sent.
 */
const own = `own as (
    select profile_id as id, profile_id as owner from given
    union
    select alias, profile_id from profile_aliases where profile_id in (select profile_id from given)
  ), persons as (
    select distinct given.profile_id as owner, coalesce(profile_aliases.profile_id, given.profile_id) as person
      from given left join profile_aliases on alias = given.profile_id
  )`;

/**
 * The holders of the records `held` that are other persons, and do not let them go in the same send: two who
 * swapped their records and both moved on would otherwise each leave one to the other.
 */
const otherHolders = `other_holders as (
    select held.owner, held.match_column, held.match_value,
           coalesce(profile_aliases.profile_id, other.profile_id) as holder
      from held join job_records as other
        on other.job_id = $1 and other.match_column = held.match_column and other.match_value = held.match_value
      left join profile_aliases on alias = other.profile_id
     where coalesce(profile_aliases.profile_id, other.profile_id) <> person
       and not exists (select 1 from own join held as also using (owner)
                        where own.id = other.profile_id and also.match_column = held.match_column
                          and also.match_value = held.match_value)
  )`;

/**
 * The records of these members that are no longer theirs.
 * @param lane of the send that asks. A page of a scan may be under way beside others, a live batch beside none
 * @param current those that are; a member has one or none
 */
export async function readOldRecords(
  database: Database,
  jobId: string,
  lane: Lane,
  profileIds: readonly string[],
  current: readonly MemberRecord[],
): Promise<readonly OldRecord[]> {
  const { rows } = await database.query<OldRecord>(
    `with given as (select unnest($2::uuid[]) as profile_id), ${own},
       current as (select * from unnest($3::uuid[], $4::text[], $5::text[]) as current (owner, match_column, match_value)),
       held as (
         select owner, person, match_column, match_value,
                coalesce(jsonb_agg(jsonb_build_object(
                           'profileId', job_records.profile_id, 'lane', job_records.lane, 'sendId', send_id))
                           filter (where is_settled or job_records.lane = 'live' and $6 = 'live'), '[]') as ended
           from own join persons using (owner)
           join job_records on job_id = $1 and job_records.profile_id = own.id
          -- One that was merged away after it was read is itself in this send, and writes its record.
          where not exists (select 1 from current join own as writer on writer.id = current.owner
                             where writer.owner = own.owner
                               and (current.match_column, current.match_value)
                                 = (job_records.match_column, job_records.match_value))
          group by owner, person, match_column, match_value
       ), ${otherHolders}
     select owner as "profileId", match_column as column, match_value as value,
            exists (select 1 from other_holders where (owner, match_column, match_value)
                                                    = (held.owner, held.match_column, held.match_value)) as "isShared",
            ended
       from held`,
    [jobId, profileIds, ...recordColumns(current), lane],
  );
  return rows;
}

/**
 * Writes what became of records, in the transaction of the ledger, which holds the job's lock.
 * @param current those that were written
 * @returns members to be sent again: they hold a record that a send has just let go
 */
export async function settleRecords(
  database: Database,
  jobId: string,
  { lane, sendId }: Sender,
  current: readonly MemberRecord[],
  released: readonly Released[],
): Promise<readonly string[]> {
  if (current.length > 0)
    await database.query(
      `insert into job_records (job_id, lane, send_id, is_settled, profile_id, match_column, match_value)
       select distinct $1, $2, $3::uuid, true, given.* from unnest($4::uuid[], $5::text[], $6::text[]) as given
        order by 5, 6, 7
       on conflict (job_id, profile_id, match_column, match_value, lane) do update set is_settled = true
         where job_records.send_id = excluded.send_id`,
      [jobId, lane, sendId, ...recordColumns(current)],
    );
  const done = released.filter(({ outcome }) => outcome !== 'failed');
  if (done.length === 0) return [];
  const ended = done.flatMap((record) => record.ended.map((note) => ({ record, note })));
  const { rows } = await database.query<{ again: string }>(
    `with given as (
       select * from unnest($2::uuid[], $3::text[], $4::text[], $5::boolean[])
         as given (profile_id, match_column, match_value, is_cleared)
     ), ${own}, held as (
       select profile_id as owner, person, match_column, match_value, is_cleared
         from given join persons on persons.owner = given.profile_id
     ), ${otherHolders}, judged as (
       select held.*, exists (select 1 from other_holders where (owner, match_column, match_value)
                               = (held.owner, held.match_column, held.match_value)) as is_shared
         from held
     ), ended as (
       select * from unnest($6::uuid[], $7::text[], $8::text[], $9::uuid[], $10::text[], $11::uuid[])
         as ended (owner, match_column, match_value, profile_id, lane, send_id)
     ), let_go as (
       -- What a send that was under way may have written since is kept: at its end it has the member sent again.
       delete from job_records
        using judged join ended using (owner, match_column, match_value)
        where job_records.job_id = $1 and job_records.profile_id = ended.profile_id and job_records.lane = ended.lane
          and job_records.match_column = judged.match_column and job_records.match_value = judged.match_value
          and job_records.send_id is not distinct from ended.send_id and (is_cleared or is_shared)
     )
     -- The others: what this member wrote last may not be what is true of them.
     select holder as again from other_holders
     union
     -- The one that was to share it has let it go meanwhile.
     select person from judged where not is_cleared and not is_shared`,
    [
      jobId,
      ...recordColumns(done),
      done.map(({ outcome }) => outcome === 'cleared'),
      ...recordColumns(ended.map(({ record }) => record)),
      ended.map(({ note }) => note.profileId),
      ended.map(({ note }) => note.lane),
      ended.map(({ note }) => note.sendId),
    ],
  );
  return rows.map(({ again }) => again);
}

/**
 * For a send that was overtaken by another of the same members: what it wrote may have come last, so its
 * records are noted once more, since the other may have let them go, and its members are sent again.
 */
export async function sendAgain(
  database: Database,
  jobId: string,
  sender: Sender,
  profileIds: readonly string[],
  records: readonly MemberRecord[],
): Promise<void> {
  await holdOffMerges(database);
  await holdRecords(database, jobId, sender, records);
  // It has ended with this.
  await settleRecords(database, jobId, sender, records, []);
  const { rows } = await database.query<{ id: string }>(
    `select distinct profiles.id from unnest($1::uuid[]) as given (id)
       left join profile_aliases on alias = given.id
       join profiles on profiles.id = coalesce(profile_id, given.id)`,
    [profileIds],
  );
  await logAgain(
    database,
    jobId,
    rows.map(({ id }) => id),
  );
}

/** Where a scan begins, goes on or has ended, none of its sends is under way. */
export async function settleScan(database: Database, jobId: string): Promise<void> {
  await database.query(
    "update job_records set is_settled = true where job_id = $1 and lane = 'bulk' and not is_settled",
    [jobId],
  );
}
