/**
 * All that the store has of one person but their events: for the one who asks, never for a log.
 */
import type { Database } from './database.ts';
import type { Fate, Target } from './ledger.ts';
import type { FieldValue } from './profiles.ts';

export interface Membership {
  readonly audience: string;
  readonly isMember: boolean;
  readonly changedAt: Date;
}

/** What a job last did about a person, and how often it sent. */
export interface SentTo {
  readonly job: string;
  readonly jobId: string;
  readonly sends: number;
  readonly change: 'enter' | 'exit';
  readonly fate: Fate;
  /** The latest of each target; null where the job never sent the person to it. */
  readonly fates: Readonly<Record<Target, Fate | null>>;
  readonly riid: string | null;
  /** Responsys' words, or ours, of the latest send. */
  readonly reasons: readonly string[];
  readonly at: Date;
}

export interface StoredPerson {
  readonly profileId: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly fields: Readonly<Record<string, FieldValue>>;
  readonly memberships: readonly Membership[];
  readonly sends: readonly SentTo[];
}

export async function readStoredPerson(database: Database, profileId: string): Promise<StoredPerson> {
  const { rows } = await database.query<Pick<StoredPerson, 'fields' | 'createdAt' | 'updatedAt'>>(
    'select fields, created_at as "createdAt", updated_at as "updatedAt" from profiles where id = $1',
    [profileId],
  );
  const [profile] = rows;
  if (profile === undefined) throw new Error('The profile that was just found is gone.');
  const { rows: memberships } = await database.query<Membership>(
    `select name as audience, is_member as "isMember", changed_at as "changedAt"
       from audience_members join audiences on audiences.id = audience_id
      where profile_id = $1 order by is_member desc, name`,
    [profileId],
  );
  const latest = (fate: string): string =>
    `(array_agg(${fate} order by no desc) filter (where ${fate} is not null))[1]`;
  const { rows: sends } = await database.query<SentTo>(
    `select jobs.label as job, jobs.id as "jobId", count(*) as sends,
            (array_agg(change order by no desc))[1] as change, (array_agg(fate order by no desc))[1] as fate,
            jsonb_build_object('list', ${latest('list_fate')}, 'fields', ${latest('fields_fate')},
                               'memberships', ${latest('memberships_fate')}) as fates,
            ${latest('riid')} as riid, max(at) as at,
            array(select reason ->> 'words' from jsonb_array_elements(
                    coalesce((array_agg(reasons order by no desc))[1], '[]')) as reason) as reasons
       from ledger join jobs on jobs.id = job_id
      where profile_id in (select $1::uuid union select alias from profile_aliases where profile_id = $1)
      group by jobs.id order by max(no) desc`,
    [profileId],
  );
  return { profileId, ...profile, memberships, sends };
}

/** The accounts whose event files are known: a RIID is a person's in one of them. */
export async function knownAccounts(database: Database): Promise<readonly string[]> {
  const { rows } = await database.query<{ account: string }>(
    'select distinct account_id as account from event_files order by 1',
  );
  return rows.map(({ account }) => account);
}
