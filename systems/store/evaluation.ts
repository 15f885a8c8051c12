/**
 * Evaluating rules without that profiles change: everybody by a rule that is new or changed, and by rules with
 * time those who are due. Each chunk is a transaction; what is cut off is done again.
 */
import type { RuleSet } from '../../lql/filter/rule-set.ts';
import type { Database, Pool } from './database.ts';
import { transaction } from './database.ts';
import { evaluateOn, movesOf } from './following.ts';
import { holdOffMerges } from './merging.ts';
import { holdOffNewRules, readRules, withoutJit } from './rules.ts';
import type { Rule, Rules } from './rules.ts';

export interface Evaluated {
  readonly entered: number;
  readonly left: number;
}

export interface Evaluation {
  /** The present; asked for anew for each chunk. */
  readonly now?: () => number;
  /** Told after each chunk how many more profiles were looked at. */
  readonly onProgress?: (profiles: number) => void;
  /** Ends it between two chunks. */
  readonly signal?: AbortSignal;
}

const profilesAtOnce = 2_000;
const firstId = '00000000-0000-0000-0000-000000000000';

/**
 * Looks at everybody by these rules. Those who change meanwhile are evaluated by who changes them.
 * @returns by the audience's id
 */
export async function evaluateEverybody(
  pool: Pool,
  audienceIds: readonly string[],
  { now = Date.now, onProgress, signal }: Evaluation = {},
): Promise<ReadonlyMap<string, Evaluated>> {
  const counts = new Map(audienceIds.map((id) => [id, { entered: 0, left: 0 }]));
  const { rows: owed } = await pool.query<{ id: string; owed: string }>(
    'select id, owed from audiences where id = any($1::uuid[]) and owed is not null',
    [audienceIds],
  );
  for (let after = firstId; ;) {
    signal?.throwIfAborted();
    const { rows } = await pool.query<{ id: string }>(
      'select id from profiles where id > $1 order by id limit $2',
      [after, profilesAtOnce],
    );
    const last = rows.at(-1);
    if (last === undefined) break;
    after = last.id;
    await evaluateChunk(
      pool,
      rows.map(({ id }) => id),
      now(),
      counts,
    );
    onProgress?.(rows.length);
  }
  await pool.query(
    `update audiences set owed = null, owed_from = null
       from unnest($1::uuid[], $2::uuid[]) as done (id, owed)
      where audiences.id = done.id and audiences.owed = done.owed`,
    [owed.map(({ id }) => id), owed.map((one) => one.owed)],
  );
  return counts;
}

async function evaluateChunk(
  pool: Pool,
  ids: readonly string[],
  nowMs: number,
  counts: ReadonlyMap<string, { entered: number; left: number }>,
): Promise<void> {
  const setsOf = (rules: Rules): readonly RuleSet<Rule>[] =>
    rules.setsOf(rules.all.filter(({ audienceId }) => counts.has(audienceId)));
  const count = (audienceId: string, change: keyof Evaluated): void => {
    const counted = counts.get(audienceId);
    if (counted !== undefined) counted[change] += 1;
  };
  // Few change: only those are locked, so that imports go on meanwhile.
  const found = await transaction(pool, async (database) => {
    await withoutJit(database);
    const all = new Set<string>();
    for (const set of setsOf(await readRules(database)))
      for (const { profileId } of await movesOf(database, set, ids, nowMs)) all.add(profileId);
    return [...all];
  });
  if (found.length === 0) return;
  const moves = await transaction(pool, async (database) => {
    await holdOffMerges(database);
    const locked = await lock(database, found);
    await holdOffNewRules(database);
    const done = [];
    for (const set of setsOf(await readRules(database)))
      done.push(...(await evaluateOn(database, set, locked, nowMs)));
    return done;
  });
  for (const { first, again, exit } of moves) {
    for (const audienceId of [...first, ...again]) count(audienceId, 'entered');
    for (const audienceId of exit) count(audienceId, 'left');
  }
}

async function lock(database: Database, ids: readonly string[]): Promise<readonly string[]> {
  const { rows } = await database.query<{ id: string }>(
    'select id from profiles where id = any($1::uuid[]) order by id for no key update',
    [ids],
  );
  return rows.map(({ id }) => id);
}

/** The rules by which everybody is to be looked at, since nobody else sees to it. */
export async function owedAudiences(database: Database, nowMs = Date.now()): Promise<readonly string[]> {
  const { rows } = await database.query<{ id: string }>(
    'select id from audiences where owed_from <= to_timestamp($1 / 1000.0) order by id',
    [nowMs],
  );
  return rows.map(({ id }) => id);
}

/**
 * Looks at some of those who are due by the rules that depend on time.
 * @returns how many were looked at; 0 when nobody is due
 */
export async function evaluateDue(pool: Pool, nowMs = Date.now()): Promise<number> {
  return transaction(pool, async (database) => {
    await holdOffMerges(database);
    const { rows } = await database.query<{ id: string }>(
      `select profile_id as id from due_profiles where due_at <= to_timestamp($1 / 1000.0)
        order by due_at limit $2`,
      [nowMs, profilesAtOnce],
    );
    const due = rows.map(({ id }) => id);
    if (due.length === 0) return 0;
    const locked = await lock(database, due);
    // When they are due next is noted by the evaluation.
    await database.query(
      'delete from due_profiles where profile_id = any($1::uuid[]) and due_at <= to_timestamp($2 / 1000.0)',
      [due, nowMs],
    );
    await holdOffNewRules(database);
    const rules = await readRules(database);
    for (const set of rules.setsOf(rules.all.filter(({ compiled }) => compiled.isTimed)))
      await evaluateOn(database, set, locked, nowMs);
    return due.length;
  });
}
