/** How an import under fire stands in the store: its file, its rows, its profiles. */
import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import type { Pool } from '../../systems/store/database.ts';
import type { Person } from './import-clicks.ts';

/** A million rows are read over again for minutes after each kill, where all cores are busy. */
const withinMs = 1_200_000;

interface Standing {
  readonly state: string;
  readonly reason: string;
  readonly readTo: number;
  readonly foldedTo: number;
  readonly events: number;
  readonly known: number;
  readonly setAside: number;
  readonly nobodys: number;
}

export async function standingOf(store: Pool, jobId: string, path: string): Promise<Standing | undefined> {
  const { rows } = await store.query<Standing>(
    `select state, reason, read_to as "readTo", folded_to as "foldedTo", events, repeated_rows as known,
            set_aside_rows as "setAside", nobodys_rows as nobodys
       from event_files where job_id = $1 and path = $2`,
    [jobId, path],
  );
  return rows[0];
}

/** Waits until it is so, and looks often: what is to be hit may last for moments. */
export async function untilStanding(
  store: Pool,
  jobId: string,
  path: string,
  isSo: (standing: Standing) => boolean,
): Promise<Standing> {
  const until = Date.now() + withinMs;
  for (;;) {
    const standing = await standingOf(store, jobId, path);
    if (standing !== undefined && isSo(standing)) return standing;
    if (Date.now() > until) assert.fail(`it stayed ${JSON.stringify(standing)}`);
    await wait(10);
  }
}

/**
 * Rows that were ever written to the stream, those of transactions that came to nothing among them: PostgreSQL
 * counts both. To be asked when nobody writes any more.
 */
export async function rowsWritten(store: Pool): Promise<number> {
  let last = -1;
  for (;;) {
    const { rows } = await store.query<{ written: number }>(
      `select n_tup_ins as written from pg_stat_user_tables where relname = 'responsys_events'`,
    );
    const written = rows[0]?.written ?? 0;
    if (written === last) return written;
    last = written;
    // A connection tells of its rows when it ends, or a second later.
    await wait(2_000);
  }
}

interface Fields {
  readonly rs_user_id: string;
  readonly email_click_ct: number;
  readonly email_first_click_ts: string;
  readonly email_last_click_ts: string;
  readonly email_urls: readonly string[];
  readonly hourly: Readonly<Record<string, number>>;
}

/** All profiles, by RIID. */
export async function profilesIn(store: Pool): Promise<ReadonlyMap<string, Person>> {
  const { rows } = await store.query<{ fields: Fields }>('select fields from profiles');
  const people = rows.map(({ fields }): [string, Person] => [
    fields.rs_user_id,
    {
      clicks: fields.email_click_ct,
      firstMs: Date.parse(fields.email_first_click_ts),
      lastMs: Date.parse(fields.email_last_click_ts),
      urls: new Set(fields.email_urls),
      hourly: fields.hourly,
    },
  ]);
  assert.equal(new Map(people).size, people.length, 'one person has two profiles');
  return new Map(people);
}
