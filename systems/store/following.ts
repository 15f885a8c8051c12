/**
 * Membership follows profiles at once: whoever changes profiles says so here at the end, and in the same
 * transaction it is worked out which audiences by rule they enter or leave. Only rules that read what changed are
 * evaluated, all of them in one statement over all the profiles. Who cannot be evaluated is no member.
 *
 * Every profile given is locked by the transaction, or was made by it. Of two transactions that change one, the
 * later one waits for the earlier, and evaluates what both have made of it.
 */
import type { RuleSet } from '../../lql/filter/rule-set.ts';
import type { Database } from './database.ts';
import { writingMemberships } from './memberships.ts';
import { holdOffNewRules, profilesWithLists, readRules } from './rules.ts';
import type { Rule } from './rules.ts';

/** What a transaction did to profiles. */
export interface ProfilesChanged {
  readonly profileIds: readonly string[];
  /** The fields, or the list, in which they are not what they were; `all` of those that are new, or were merged. */
  readonly what: 'all' | { readonly fields: readonly string[] } | { readonly listId: string };
}

/** To be called by whatever writes profiles, when all is written of those given. @param nowMs the present, for rules that depend on time */
export async function followProfiles(
  database: Database,
  changes: readonly ProfilesChanged[],
  nowMs = Date.now(),
): Promise<void> {
  const given = changes.filter(({ profileIds }) => profileIds.length > 0);
  if (given.length === 0) return;
  await holdOffNewRules(database);
  const rules = await readRules(database);
  for (const { profileIds, what } of given) {
    const concerned = rules.all.filter((rule) => reads(rule, what));
    for (const set of rules.setsOf(concerned)) await evaluateOn(database, set, profileIds, nowMs);
  }
}

function reads({ compiled }: Rule, what: ProfilesChanged['what']): boolean {
  if (what === 'all') return true;
  if ('listId' in what) return compiled.listIds.has(what.listId);
  return what.fields.some((field) => compiled.fields.has(field));
}

/** Profiles that are evaluated in one statement. */
const profilesAtOnce = 5_000;

/** How many entered or left an audience. */
export interface Moved {
  readonly audienceId: string;
  readonly change: 'enter' | 'exit';
  readonly count: number;
}

/** Lets locked profiles enter and leave as the rules say. */
export async function evaluateOn(
  database: Database,
  set: RuleSet<Rule>,
  profileIds: readonly string[],
  nowMs: number,
): Promise<readonly Moved[]> {
  const moved: Moved[] = [];
  for (let from = 0; from < profileIds.length; from += profilesAtOnce) {
    const { rows } = await database.query<Moved>(
      `${evaluating(set)}, asked as (
         select audience_id, profile_id, case when holds then 'enter' else 'exit' end as change, was from differing
       ), ${writingMemberships}
       select audience_id as "audienceId", change, count(*)::int as count from moved group by 1, 2`,
      evaluated(set, profileIds.slice(from, from + profilesAtOnce), nowMs),
    );
    moved.push(...rows);
  }
  return moved;
}

/**
 * Who would enter or leave. The profiles need not be locked: it is good for who is to be looked at alone. The times
 * at which they are due, which are noted, are never too late.
 */
export async function differing(
  database: Database,
  set: RuleSet<Rule>,
  profileIds: readonly string[],
  nowMs: number,
): Promise<readonly string[]> {
  const { rows } = await database.query<{ id: string }>(
    `${evaluating(set)} select distinct profile_id as id from differing`,
    evaluated(set, profileIds, nowMs),
  );
  return rows.map(({ id }) => id);
}

/**
 * SQL of those for whom the rules say another thing than their membership: `differing` (audience_id, profile_id,
 * holds, was), the last of which is null for those who never were in the audience.
 */
const evaluating = (set: RuleSet<Rule>): string => `
  with given as (${profilesWithLists} where id = any($2::uuid[]) offset 0), answers as materialized (${set.text}
  ), due as (
    insert into due_profiles as known (profile_id, due_at)
    select id, to_timestamp(due) from answers
     where due <= $4
       -- Nearly all are: to look is cheaper than to lock them, as a conflict does.
       and not exists (select from due_profiles where profile_id = id and due_at <= to_timestamp(due))
    on conflict (profile_id) do update set due_at = excluded.due_at where excluded.due_at < known.due_at
  ), held as (
    select id as profile_id, ($3::uuid[])[at] as audience_id, true as holds from answers, unnest(held) as at
  ), members as (
    select profile_id, audience_id, is_member as was from audience_members
     where profile_id = any($2::uuid[]) and audience_id = any($3::uuid[])
  ), differing as (
    select audience_id, profile_id, holds is true as holds, was
      from held full join members using (audience_id, profile_id)
     where (holds is true) is distinct from (was is true)
  )`;

/** The end of the year 9999: a time that is due later is never due. */
const lastSecond = 253_402_300_799;

const evaluated = (set: RuleSet<Rule>, profileIds: readonly string[], nowMs: number): unknown[] => [
  [...new Set(set.rules.flatMap(({ compiled }) => [...compiled.listIds]))],
  profileIds,
  set.rules.map(({ audienceId }) => audienceId),
  lastSecond,
  ...set.parametersAt(nowMs),
];
