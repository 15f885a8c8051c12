/**
 * Accounts of Responsys: which one an authorization logs in to, their limits as the service said them, and
 * how their budgets stand.
 */
import { limitWindowMs } from '../../jobs/limits.ts';
import type { Lane } from '../../jobs/lane.ts';
import type { AccountFunction, AuthorizationVersion } from '../responsys/index.ts';
import { usedMs } from './allowance.ts';
import { transaction } from './database.ts';
import type { Database, Pool } from './database.ts';

/** A waiting worker asks again within a second; one that was not heard of for so long waits no more. */
export const heardWithin = "interval '5 seconds'";

/** The account that this authorization logs in to. An older version's is likely, but not certain. */
export async function findAccount(
  database: Database,
  { id, version }: AuthorizationVersion,
): Promise<{ readonly account: string; readonly isCertain: boolean } | undefined> {
  const { rows } = await database.query<{ account: string; isCertain: boolean }>(
    `select account, version = $2 as "isCertain" from governor_authorizations where authorization_id = $1`,
    [id, version],
  );
  return rows[0];
}

/**
 * Keeps what account was found behind an authorization.
 * @param calls that found it out: they are counted there as well, though they were made before it was known
 */
export async function rememberAccount(
  pool: Pool,
  { id, version }: AuthorizationVersion,
  account: string,
  calls: readonly string[],
): Promise<void> {
  await transaction(pool, async (database) => {
    await database.query('insert into governor_accounts (account) values ($1) on conflict do nothing', [
      account,
    ]);
    await database.query(
      `insert into governor_authorizations (authorization_id, version, account)
       select id, $2, $3 from authorizations where id = $1
       on conflict (authorization_id) do update set version = excluded.version, account = excluded.account`,
      [id, version, account],
    );
    await database.query(
      `insert into governor_slots (account, api, slots, free_at)
       select $1, coalesce((select api from governor_functions where account = $1 and call = any (functions)), call),
              1, clock_timestamp() + $3 * interval '1 millisecond'
         from unnest($2::text[]) as call`,
      [account, calls, usedMs(limitWindowMs)],
    );
  });
}

/** Whether the account's limits were read within the last hour. */
export async function knowsLimits(database: Database, account: string): Promise<boolean> {
  const { rows } = await database.query(
    `select 1 from governor_accounts
      where account = $1 and limits_read_at > clock_timestamp() - interval '1 hour'`,
    [account],
  );
  return rows.length > 0;
}

/** Keeps an account's limits in the place of older ones, and of those that were assumed. */
export async function saveLimits(
  pool: Pool,
  account: string,
  limits: readonly AccountFunction[],
): Promise<void> {
  await transaction(pool, async (database) => {
    await database.query(
      `insert into governor_accounts (account, limits_read_at) values ($1, clock_timestamp())
       on conflict (account) do update set limits_read_at = excluded.limits_read_at`,
      [account],
    );
    // All of them at once and in order, so that two who save at the same time do not wait for each other.
    await database.query('select 1 from governor_functions where account = $1 order by api for update', [
      account,
    ]);
    for (const { api, functions, callsPerMinute } of limits) {
      await database.query(
        `update governor_slots set api = $2
          where account = $1 and api <> $2
            and (api = any ($3) or api in (select api from governor_functions
                                            where account = $1 and functions && $3::text[]))`,
        [account, api, functions],
      );
      await database.query(
        'delete from governor_functions where account = $1 and api <> $2 and functions && $3::text[]',
        [account, api, functions],
      );
      await database.query(
        `insert into governor_functions (account, api, functions, calls_per_minute, is_assumed)
         values ($1, $2, $3, $4, false)
         on conflict (account, api) do update
           set functions = excluded.functions, calls_per_minute = excluded.calls_per_minute, is_assumed = false`,
        [account, api, functions, callsPerMinute],
      );
    }
  });
}

export interface AccountSummary {
  /** '' for calls made before their account's name was known. */
  readonly account: string;
  readonly limitsReadAt: Date | null;
  readonly authorizations: readonly string[];
  readonly functions: readonly FunctionSummary[];
}

export interface FunctionSummary {
  readonly function: string;
  readonly callsPerMinute: number;
  /** Not read from the service. */
  readonly isAssumed: boolean;
  /** Calls that ended within the last minute. */
  readonly used: number;
  /** Slots in the hands of workers: calls under way, or about to begin. */
  readonly leased: number;
  readonly throttledUntil: Date | null;
  readonly waiting: readonly WaitingSummary[];
}

export interface WaitingSummary {
  readonly lane: Lane;
  /** '' where no job calls. */
  readonly job: string;
  readonly worker: string;
  readonly calls: number;
}

/** @param account one of them; all where none is given */
export async function summariseAccounts(
  database: Database,
  account?: string,
): Promise<readonly AccountSummary[]> {
  const { rows } = await database.query<AccountSummary & { functions: FunctionRow[] }>(
    `select account, max(limits_read_at) as "limitsReadAt",
            array(select label from governor_authorizations join authorizations on id = authorization_id
                   where governor_authorizations.account = accounts.account order by label) as authorizations,
            (select coalesce(json_agg(row_to_json(one) order by one.function), '[]') from (
               select api as function, calls_per_minute as "callsPerMinute", is_assumed as "isAssumed",
                      case when throttled_until > clock_timestamp() then throttled_until end as "throttledUntil",
                      (select coalesce(sum(slots), 0) from governor_slots s
                        where (s.account, s.api) = (f.account, f.api) and worker is null
                          and free_at > clock_timestamp()) as used,
                      (select coalesce(sum(slots), 0) from governor_slots s
                        where (s.account, s.api) = (f.account, f.api) and worker is not null
                          and free_at > clock_timestamp()) as leased,
                      (select coalesce(json_agg(json_build_object(
                                'lane', lane, 'job', job_id, 'worker', worker, 'calls', calls)
                                order by lane desc, job_id, worker), '[]')
                         from governor_waiting w
                        where (w.account, w.api) = (f.account, f.api)
                          and seen_at > clock_timestamp() - ${heardWithin}) as waiting
                 from governor_functions f where f.account = accounts.account) one) as functions
       from (select account, limits_read_at from governor_accounts
             union all select account, null from governor_functions) as accounts
      where $1::text is null or account = $1
      group by account order by account`,
    [account ?? null],
  );
  return rows.map((row) => ({
    ...row,
    functions: row.functions.map((one) => ({
      ...one,
      throttledUntil: one.throttledUntil === null ? null : new Date(one.throttledUntil),
    })),
  }));
}

type FunctionRow = Omit<FunctionSummary, 'throttledUntil'> & { readonly throttledUntil: string | null };
