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
import { writeMoves } from './memberships.ts';
import type { Moves } from './memberships.ts';
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

/** Lets locked profiles enter and leave as the rules say. @returns what became of them */
export async function evaluateOn(
  database: Database,
  set: RuleSet<Rule>,
  profileIds: readonly string[],
  nowMs: number,
): Promise<readonly Moves[]> {
  const all: Moves[] = [];
  for (let from = 0; from < profileIds.length; from += profilesAtOnce) {
    const moves = await movesOf(database, set, profileIds.slice(from, from + profilesAtOnce), nowMs);
    await writeMoves(database, moves);
    all.push(...moves);
  }
  return all;
}

/** The end of the year 9999: a time that is due later is never due. */
const lastSecond = 253_402_300_799;

/**
 * Those for whom the rules say another thing than their memberships. The profiles need not be locked, where it is
 * good for who is to be looked at alone. The times at which they are due, which are noted, are never too late.
 */
export async function movesOf(
  database: Database,
  set: RuleSet<Rule>,
  profileIds: readonly string[],
  nowMs: number,
): Promise<readonly Moves[]> {
  // Memberships are found profile by profile: to plan with a thousand ids takes as long as to read, and a table that
  // has grown since anybody counted its rows would be read from end to end. They come as they stand: to number them
  // here, or to group them by profile, takes longer than to read their ids.
  const { rows } = await database.query<Answer>(
    `with given as (${profilesWithLists} where id = any($2::uuid[]) offset 0), answers as materialized (${set.text}
     ), due as (
       insert into due_profiles as known (profile_id, due_at)
       select id, to_timestamp(due) from answers
        where due <= $3
          -- Nearly all are: to look is cheaper than to lock them, as a conflict does.
          and coalesce((select due_at from due_profiles where profile_id = id) > to_timestamp(due), true)
       on conflict (profile_id) do update set due_at = excluded.due_at where excluded.due_at < known.due_at
     )
     select id as "profileId", array_to_string(held, ' ') as held, present, former
       from answers cross join lateral (
         select string_agg(audience_id::text, ' ') filter (where is_member) as present,
                string_agg(audience_id::text, ' ') filter (where not is_member) as former
           from audience_members where profile_id = id
       ) as memberships`,
    [
      [...new Set(set.rules.flatMap(({ compiled }) => [...compiled.listIds]))],
      profileIds,
      lastSecond,
      ...set.parametersAt(nowMs),
    ],
  );
  const audienceIds = new Set(set.rules.map(({ audienceId }) => audienceId));
  return rows.flatMap((row) => movesBy(set, audienceIds, row) ?? []);
}

interface Answer {
  readonly profileId: string;
  /** Numbers of the rules that hold, from 1. */
  readonly held: string;
  /** Ids of all audiences that the profile is in, and was in; null where there is none. */
  readonly present: string | null;
  readonly former: string | null;
}

/** @param audienceIds of the set's rules @returns undefined where its memberships are what holds */
function movesBy(
  { rules }: RuleSet<Rule>,
  audienceIds: ReadonlySet<string>,
  { profileId, held, present, former }: Answer,
): Moves | undefined {
  const words = (text: string | null): readonly string[] => (text ?? '').split(' ').filter(Boolean);
  const ofRules = (ids: string | null): ReadonlySet<string> =>
    new Set(words(ids).filter((id) => audienceIds.has(id)));
  const holds = new Set(words(held).map((number) => rules[Number(number) - 1]?.audienceId ?? ''));
  const [is, was] = [ofRules(present), ofRules(former)];
  const [enters, exit] = [holds.difference(is), is.difference(holds)];
  if (enters.size + exit.size === 0) return undefined;
  return {
    profileId,
    first: [...enters.difference(was)],
    again: [...enters.intersection(was)],
    exit: [...exit],
  };
}
