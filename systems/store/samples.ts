/**
 * Samples of a job's members, to be held against what Responsys has.
 */
import type { Database } from './database.ts';

export interface SampledMember {
  readonly profileId: string;
  /** The profile's change number at its last send. */
  readonly changeNo: number;
  readonly riid: string | null;
}

/** Accepted members, by chance: profile ids are random, so those that follow a random one are a sample. */
export async function sampleAccepted(
  database: Database,
  jobId: string,
  count: number,
): Promise<readonly SampledMember[]> {
  const { rows } = await database.query<SampledMember>(
    `with start as materialized (select gen_random_uuid() as id),
     after as (
       select profile_id, change_no, riid from job_members
        where job_id = $1 and fate = 'accepted' and profile_id >= (select id from start)
        order by profile_id limit $2
     ), before as (
       select profile_id, change_no, riid from job_members
        where job_id = $1 and fate = 'accepted' and profile_id < (select id from start)
        order by profile_id limit $2
     )
     select profile_id as "profileId", change_no as "changeNo", riid
       from (select * from after union all select * from before) as sample limit $2`,
    [jobId, count],
  );
  return rows;
}
