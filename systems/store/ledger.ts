/**
 * The ledger: the fate of every row that was sent, per target, with Responsys' own words where it refused.
 * A line is written once and never changed; the latest line of a member, and the counts of members by fate,
 * move in the same transaction, so that every count shown comes from here.
 */
import type { Database } from './database.ts';

export const targets = ['list', 'fields', 'memberships'] as const;
export type Target = (typeof targets)[number];

/**
 * `not-in-list`: an exit, or a row that only updates, without a match; no rejection.
 * `rejected`: by Responsys, or by us because Responsys would.
 */
export type Fate = 'accepted' | 'rejected' | 'not-in-list';

export interface Reason {
  readonly target: Target;
  /** A stable class of reasons, such as `bad-email`. */
  readonly code: string;
  /** Responsys' own words, or ours where the row was never sent; they may quote a value. */
  readonly words: string;
}

export interface LedgerLine {
  readonly profileId: string;
  readonly change: 'enter' | 'exit';
  readonly changeNo: number;
  /** The fate of the whole: the worst of the targets'. */
  readonly fate: Fate;
  readonly fates: Readonly<Partial<Record<Target, Fate>>>;
  readonly riid?: string;
  readonly reasons: readonly Reason[];
}

/** What a request was made to: a target of rows, or a campaign. */
export type RequestTarget = Target | 'trigger';

export interface RequestLine<To extends RequestTarget = Target> {
  readonly target: To;
  readonly rows: number;
  readonly status: number;
  readonly errorCode?: string;
  readonly correlationId?: string;
  readonly durationMs: number;
}

/**
 * Writes what a send did. Runs in a transaction of its own caller; at most one line a member.
 * @param riidAccount under whose id the RIIDs are written to the profiles; null where it is not known yet
 */
export async function writeLedger(
  database: Database,
  jobId: string,
  sendId: string,
  lines: readonly LedgerLine[],
  requests: readonly RequestLine[],
  riidAccount: string | null = null,
): Promise<void> {
  // Scan and live batches of one job write one after the other, so that no count is lost between them.
  const job = await database.query('select 1 from jobs where id = $1 for no key update', [jobId]);
  if (job.rowCount === 0) throw new Error('The job whose ledger is written is gone.');
  await writeRequests(database, jobId, sendId, requests);
  await database.query(
    `with given as (
       select * from unnest($3::uuid[], $4::text[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::text[],
                            $10::text[], $11::jsonb[])
         as given (profile_id, change, change_no, fate, list_fate, fields_fate, memberships_fate, riid, reasons)
     ), written as (
       insert into ledger (job_id, send_id, profile_id, change, change_no, fate, list_fate, fields_fate,
                           memberships_fate, riid, reasons)
       select $1, $2, given.* from given
       returning no, profile_id, change, change_no, fate, riid, reasons
     ), before as (
       select profile_id, fate, change_no from job_members
        where job_id = $1 and profile_id = any($3::uuid[])
     ), latest as (
       insert into job_members as members
         (job_id, profile_id, change, change_no, fate, riid, riid_account, reason_code, ledger_no)
       select $1, profile_id, change, change_no, fate, riid, $12, reasons -> 0 ->> 'code', no from written
       on conflict (job_id, profile_id) do update
         set change = excluded.change, change_no = excluded.change_no, fate = excluded.fate,
             riid = excluded.riid, riid_account = excluded.riid_account, reason_code = excluded.reason_code,
             ledger_no = excluded.ledger_no, at = now()
         where excluded.change_no >= members.change_no
       returning profile_id
     ), moved as (
       select given.fate, 1 as members from given join latest using (profile_id)
       union all
       select before.fate, -1 from before join latest using (profile_id)
     )
     insert into job_counts as counts (job_id, fate, members)
     select $1, fate, sum(members) from moved group by fate order by fate
     on conflict (job_id, fate) do update set members = counts.members + excluded.members`,
    [
      jobId,
      sendId,
      lines.map((line) => line.profileId),
      lines.map((line) => line.change),
      lines.map((line) => line.changeNo),
      lines.map((line) => line.fate),
      lines.map((line) => line.fates.list ?? null),
      lines.map((line) => line.fates.fields ?? null),
      lines.map((line) => line.fates.memberships ?? null),
      lines.map((line) => line.riid ?? null),
      lines.map((line) => (line.reasons.length === 0 ? null : JSON.stringify(line.reasons))),
      riidAccount,
    ],
  );
}

/** Writes the requests that a send made. */
export async function writeRequests(
  database: Database,
  jobId: string,
  sendId: string,
  requests: readonly RequestLine<RequestTarget>[],
): Promise<void> {
  await database.query(
    `insert into requests (send_id, job_id, target, rows, status, error_code, correlation_id, duration_ms)
     select $1, $2, * from unnest($3::text[], $4::int[], $5::int[], $6::text[], $7::text[], $8::int[])`,
    [
      sendId,
      jobId,
      requests.map((request) => request.target),
      requests.map((request) => request.rows),
      requests.map((request) => request.status),
      requests.map((request) => request.errorCode ?? null),
      requests.map((request) => request.correlationId ?? null),
      requests.map((request) => Math.round(request.durationMs)),
    ],
  );
}

/** Profiles that were merged into these are no members of their own any more: the counts forget them. */
export async function forgetMerged(
  database: Database,
  jobId: string,
  profileIds: readonly string[],
): Promise<void> {
  await database.query(
    `with gone as (
       delete from job_members
        where job_id = $1
          -- As an array, so that the few are looked for and not all members gone through.
          and profile_id = any(array(select alias from profile_aliases where profile_id = any($2::uuid[])))
       returning fate
     )
     insert into job_counts as counts (job_id, fate, members)
     select $1, fate, -count(*) from gone group by fate order by fate
     on conflict (job_id, fate) do update set members = counts.members + excluded.members`,
    [jobId, profileIds],
  );
}

/** How many members of the job have which fate. */
export type Counts = Readonly<Record<Fate, number>>;

export async function readCounts(database: Database, jobId: string): Promise<Counts> {
  const { rows } = await database.query<{ fate: Fate; members: number }>(
    'select fate, members from job_counts where job_id = $1',
    [jobId],
  );
  const counts: Record<Fate, number> = { accepted: 0, rejected: 0, 'not-in-list': 0 };
  for (const row of rows) counts[row.fate] = row.members;
  return counts;
}

export interface RequestTotals {
  readonly target: RequestTarget;
  readonly requests: number;
  readonly rows: number;
}

export async function readRequestTotals(
  database: Database,
  jobId: string,
): Promise<readonly RequestTotals[]> {
  const { rows } = await database.query<RequestTotals>(
    `select target, count(*) as requests, sum(rows)::bigint as rows from requests
      where job_id = $1 group by target order by array_position(array['list', 'fields', 'memberships', 'trigger'], target)`,
    [jobId],
  );
  return rows;
}

export interface FailureGroup {
  readonly target: Target;
  readonly code: string;
  readonly members: number;
  /** Responsys' words for one of them, as an example; they may quote a value. */
  readonly example: string;
}

/** Members whose latest line is a rejection, by reason, most first. */
export async function groupFailures(database: Database, jobId: string): Promise<readonly FailureGroup[]> {
  const { rows } = await database.query<FailureGroup>(
    `select reasons -> 0 ->> 'target' as target, reason_code as code, count(*) as members,
            min(reasons -> 0 ->> 'words') as example
       from job_members join ledger on ledger.no = ledger_no
      where job_members.job_id = $1 and job_members.fate = 'rejected'
      group by 1, 2 order by 3 desc, 2`,
    [jobId],
  );
  return rows;
}

export interface FailedMember {
  readonly profileId: string;
  readonly target: Target;
  readonly code: string;
  readonly words: string;
  readonly at: Date;
  /** The identifiers of the person, by user field. */
  readonly identifiers: Readonly<Record<string, string>>;
}

/** One page of the rejected members with their identifiers, after a profile id. */
export async function readFailedMembers(
  database: Database,
  jobId: string,
  identifierFields: readonly string[],
  after: string | undefined,
  limit: number,
): Promise<readonly FailedMember[]> {
  const { rows } = await database.query<FailedMember>(
    `select job_members.profile_id as "profileId", reasons -> 0 ->> 'target' as target, reason_code as code,
            reasons -> 0 ->> 'words' as words, job_members.at,
            coalesce((select jsonb_object_agg(key, value) from jsonb_each_text(profiles.fields)
                       where key = any($2::text[])), '{}') as identifiers
       from job_members join ledger on ledger.no = ledger_no
       left join profiles on profiles.id = job_members.profile_id
      where job_members.job_id = $1 and job_members.fate = 'rejected'
        and ($3::uuid is null or job_members.profile_id > $3)
      order by job_members.profile_id limit $4`,
    [jobId, identifierFields, after ?? null, limit],
  );
  return rows;
}

export interface HistoryLine {
  readonly at: Date;
  readonly change: 'enter' | 'exit';
  readonly fate: Fate;
  readonly fates: Readonly<Record<Target, Fate | null>>;
  readonly riid: string | null;
  readonly reasons: readonly Reason[] | null;
  readonly requests: readonly { readonly target: Target; readonly correlationId: string | null }[];
}

/** What a job did about one person, newest first; under profiles that were merged into this one, too. */
export async function readHistory(
  database: Database,
  jobId: string,
  profileId: string,
): Promise<readonly HistoryLine[]> {
  const { rows } = await database.query<HistoryLine>(
    `select at, change, fate, riid, reasons,
            jsonb_build_object('list', list_fate, 'fields', fields_fate, 'memberships', memberships_fate) as fates,
            coalesce((select jsonb_agg(jsonb_build_object('target', target, 'correlationId', correlation_id) order by no)
                        from requests where requests.send_id = ledger.send_id), '[]') as requests
       from ledger
      where job_id = $1
        and profile_id in (select $2::uuid union select alias from profile_aliases where profile_id = $2)
      order by no desc`,
    [jobId, profileId],
  );
  return rows;
}
