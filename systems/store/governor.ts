/**
 * The budget that all workers on one account share. Slots of a function are given under the lock of its row,
 * by the database's clock: of a worker's clock only durations are taken. A slot that nobody reports on comes
 * free by itself, so that a worker may die at any moment.
 */
import { limitWindowMs } from '../../jobs/limits.ts';
import type { Budget, Limited, SlotAsk } from '../responsys/index.ts';
import { findAccount, heardWithin, knowsLimits, rememberAccount, saveLimits } from './accounts.ts';
import { allow, leaseMs, usedMs } from './allowance.ts';
import type { Allowed, Standing } from './allowance.ts';
import { transaction } from './database.ts';
import type { Database, Pool } from './database.ts';

/** @param worker its name among all workers. @param windowMs a minute, unless a test is in a hurry */
export function openBudget(pool: Pool, worker: string, windowMs = limitWindowMs): Budget {
  return {
    findAccount: (authorization) => findAccount(pool, authorization),
    rememberAccount: (authorization, account, calls) => rememberAccount(pool, authorization, account, calls),
    knowsLimits: (account) => knowsLimits(pool, account),
    saveLimits: (account, limits) => saveLimits(pool, account, limits),
    take: (limited, ask) =>
      transaction(pool, async (database) => {
        const api = await lockFunction(database, limited);
        const key = { account: limited.account, api, worker };
        await settle(database, key, ask, windowMs);
        const standing = await readStanding(database, key, windowMs);
        const allowed = allow(standing, ask.wants);
        const leaseId = await write(database, key, ask, allowed, windowMs);
        return { ...allowed, leaseId, blockedMs: standing.blockedMs };
      }),
  };
}

interface Key {
  readonly account: string;
  /** The function's name in the account. */
  readonly api: string;
  readonly worker: string;
}

/** Until the transaction ends, nobody else gives slots of this function. @returns its name in the account */
async function lockFunction(database: Database, limited: Limited): Promise<string> {
  const { account, api, assumedLimit } = limited;
  const lock = (): Promise<{ rows: { api: string }[] }> =>
    database.query<{ api: string }>(
      'select api from governor_functions where account = $1 and $2 = any (functions) for update',
      [account, api],
    );
  const found = (await lock()).rows[0];
  if (found !== undefined) return found.api;
  await database.query(
    `insert into governor_functions (account, api, functions, calls_per_minute, is_assumed)
     select $1::text, $2::text, array[$2::text], $3::int, true
      where not exists (select 1 from governor_functions where account = $1 and $2 = any (functions))
     on conflict do nothing`,
    [account, api, assumedLimit],
  );
  const made = (await lock()).rows[0];
  if (made === undefined) throw new Error(`The function ${api} of an account was renamed at this moment.`);
  return made.api;
}

/** Ends are noted in steps of this part of a window, a tenth of a second: finer ones would be of no use. */
const stepsOfWindow = 600;

async function settle(database: Database, key: Key, ask: SlotAsk, windowMs: number): Promise<void> {
  const { endedAgoMs, settled, blockMs } = ask;
  if (endedAgoMs.length === 0 && settled.length === 0 && blockMs === 0) return;
  const stepMs = windowMs / stepsOfWindow;
  const slotsByAge = new Map<number, number>();
  for (const agoMs of endedAgoMs) {
    // Rounded to the younger side.
    const step = Math.floor(agoMs / stepMs) * stepMs;
    slotsByAge.set(step, (slotsByAge.get(step) ?? 0) + 1);
  }
  await database.query(
    `with settled as (
       update governor_slots set slots = governor_slots.slots - given.slots
         from unnest($4::bigint[], $5::int[]) as given (id, slots)
        where governor_slots.id = given.id and worker = $3
     ), used as (
       insert into governor_slots (account, api, slots, free_at)
       select $1, $2, slots, clock_timestamp() + ($8 - ago_ms) * interval '1 millisecond'
         from unnest($6::float8[], $7::int[]) as ended (ago_ms, slots)
     )
     update governor_functions
        set throttled_until = greatest(throttled_until, clock_timestamp() + $9 * interval '1 millisecond')
      where account = $1 and api = $2 and $9 > 0`,
    [
      key.account,
      key.api,
      key.worker,
      settled.map(({ leaseId }) => leaseId),
      settled.map(({ slots }) => slots),
      [...slotsByAge.keys()],
      [...slotsByAge.values()],
      usedMs(windowMs),
      blockMs,
    ],
  );
}

async function readStanding(database: Database, key: Key, windowMs: number): Promise<Standing> {
  const { rows } = await database.query<{
    limit: number;
    taken: number;
    next_free_ms: number | null;
    blocked_ms: number | null;
    since_bulk_ms: number;
    live: number;
    bulk: number;
  }>(
    `select calls_per_minute as limit,
            extract(epoch from throttled_until - at)::float8 * 1000 as blocked_ms,
            extract(epoch from at - bulk_at)::float8 * 1000 as since_bulk_ms,
            coalesce(taken, 0) as taken, extract(epoch from first - at)::float8 * 1000 as next_free_ms, live, bulk
       from (select clock_timestamp() as at) as clock,
            governor_functions,
            lateral (select sum(slots) as taken, min(free_at) as first from governor_slots
                      where account = $1 and api = $2 and free_at > at and slots > 0) as slots,
            lateral (select coalesce(sum(calls) filter (where lane = 'live'), 0) as live,
                            coalesce(sum(calls) filter (where lane = 'bulk'), 0) as bulk
                       from governor_waiting
                      where account = $1 and api = $2 and worker <> $3 and seen_at > at - ${heardWithin}) as waiting
      where account = $1 and api = $2`,
    [key.account, key.api, key.worker],
  );
  const [row] = rows;
  if (row === undefined) throw new Error('The function that was just locked is gone.');
  return {
    limit: row.limit,
    windowMs,
    taken: row.taken,
    nextFreeMs: row.next_free_ms ?? windowMs,
    blockedMs: Math.max(0, row.blocked_ms ?? 0),
    sinceBulkMs: row.since_bulk_ms,
    elsewhere: { live: row.live, bulk: row.bulk },
  };
}

/** Writes the lease and who still waits; throws away what is over. @returns the lease's id, 0 for none */
async function write(
  database: Database,
  key: Key,
  ask: SlotAsk,
  { granted }: Allowed,
  windowMs: number,
): Promise<number> {
  const slots = granted.live + granted.bulk;
  const isWaiting = granted.live < ask.wants.live || granted.bulk < ask.wants.bulk;
  const waiting = isWaiting ? ask.waiting : [];
  const { rows } = await database.query<{ id: number }>(
    `with over as (
       delete from governor_slots
        where account = $1 and api = $2 and (free_at <= clock_timestamp() or slots <= 0)
     ), waits as (
       insert into governor_waiting (account, api, worker, lane, job_id, calls, seen_at)
       select $1, $2, $3, lane, job_id, calls, clock_timestamp()
         from unnest($4::text[], $5::text[], $6::int[]) as given (lane, job_id, calls)
       on conflict (account, api, worker, lane, job_id)
       do update set calls = excluded.calls, seen_at = excluded.seen_at
     ), waits_no_more as (
       delete from governor_waiting
        where account = $1 and api = $2
          and (seen_at < clock_timestamp() - interval '1 minute'
               or worker = $3 and not (lane, job_id) in (select * from unnest($4::text[], $5::text[])))
     ), pace as (
       update governor_functions set bulk_at = clock_timestamp() where account = $1 and api = $2 and $7
     )
     insert into governor_slots (account, api, slots, worker, free_at)
     select $1, $2, $8, $3, clock_timestamp() + $9 * interval '1 millisecond' where $8 > 0
     returning id`,
    [
      key.account,
      key.api,
      key.worker,
      waiting.map(({ lane }) => lane),
      waiting.map(({ jobId }) => jobId),
      waiting.map(({ calls }) => calls),
      granted.bulk > 0,
      slots,
      leaseMs(windowMs),
    ],
  );
  return rows[0]?.id ?? 0;
}
