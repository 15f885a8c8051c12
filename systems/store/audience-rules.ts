/** Audiences by rule: made, changed, tried out. */
import { randomUUID } from 'node:crypto';
import { ExpectedError, notValid } from '../../jobs/errors.ts';
import { compileFilter } from '../../lql/filter/compile.ts';
import type { FilterContext } from '../../lql/filter/compile.ts';
import { compileRuleSets } from '../../lql/filter/rule-set.ts';
import { addAudience, findAudience, holdAudiences } from './audiences.ts';
import type { Audience } from './audiences.ts';
import type { Database, Pool } from './database.ts';
import { transaction } from './database.ts';
import { identityFields } from './identities.ts';
import { holdRules, profilesWithLists, readRules } from './rules.ts';

export interface SavedRule {
  readonly audience: Audience;
  readonly outcome: 'new' | 'changed' | 'unchanged';
  /** Those by which everybody is to be looked at now: its own, and those that include it. */
  readonly owed: readonly { readonly id: string; readonly name: string }[];
  readonly remarks: readonly string[];
}

/** After so long, the schedule sees to what whoever made a rule did not live to. */
const owedAfter = '10 minutes';

/**
 * Makes an audience by rule, or changes its filter. From the end of the transaction on everybody who changes is
 * evaluated by it; whoever saved it then sees to all others.
 * @throws ExpectedError INPUT_NOT_VALID for what is no filter, or includes itself or what is not there; CONFLICT
 *   where the audience is a list
 */
export async function saveRule(pool: Pool, name: string, filter: string): Promise<SavedRule> {
  return transaction(pool, async (database) => {
    await holdRules(database);
    await holdAudiences(database);
    const existing = await findAudience(database, name);
    if (existing?.filter === null)
      throw new ExpectedError('CONFLICT', `audience: "${name}" is a list; a rule needs another name.`);
    const { all, context } = await readRules(database);
    const withThis = contextWith(context, name, filter);
    const { remarks } = compileWhole(filter, withThis);
    const isSame = existing?.filter === filter;
    const including = all.filter(({ compiled }) => compiled.includes.has(name));
    // They may have grown too long by it.
    if (!isSame) for (const one of including) compileFilter(one.filter, withThis);
    const audience = existing ?? (await addAudience(database, name, filter));
    const { rows: owed } = await database.query<{ id: string; name: string }>(
      `update audiences set filter = case id when $1 then $2 else filter end,
              owed = $3, owed_from = now() + interval '${owedAfter}'
        where (id = $1 or id = any($4::uuid[])) and not $5 or id = $1 and owed is not null
       returning id, name`,
      [audience.id, filter, randomUUID(), including.map(({ audienceId }) => audienceId), isSame],
    );
    return {
      audience: { ...audience, filter },
      outcome: existing === undefined ? 'new' : isSame ? 'unchanged' : 'changed',
      owed: owed.sort((one, other) => Number(other.id === audience.id) - Number(one.id === audience.id)),
      remarks,
    };
  });
}

const contextWith = (context: FilterContext, ownName: string, filter: string): FilterContext => ({
  ...context,
  includes: (name) => (name === ownName ? filter : context.includes(name)),
});

function compileWhole(filter: string, context: FilterContext) {
  const missing = new Set<string>();
  const compiled = compileFilter(filter, {
    ...context,
    includes: (name) => {
      const found = context.includes(name);
      if (found === undefined) missing.add(name);
      return found;
    },
  });
  const [first] = missing;
  if (first !== undefined)
    throw notValid('filter', `there is no audience "${first}" to include; see "audiences list"`);
  return compiled;
}

export interface Matching {
  readonly members: number;
  /** Of a few of them. */
  readonly sample: readonly { readonly profileId: string; readonly identifiers: Record<string, string> }[];
}

/**
 * Who would belong to an audience with this filter. Nothing is written.
 * @param sample how many are shown
 * @throws ExpectedError INPUT_NOT_VALID as `saveRule`
 */
export async function tryRule(
  database: Database,
  filter: string,
  sample: { readonly count: number; readonly withIdentifiers: boolean },
  nowMs = Date.now(),
): Promise<Matching> {
  const { context } = await readRules(database);
  const { listIds } = compileWhole(filter, context);
  const [set] = compileRuleSets([{ filter }], { ...context, firstParameter: 4 });
  if (set === undefined) throw new Error('A filter was compiled to nothing.');
  const { rows } = await database.query<Matching>(
    `with given as (${profilesWithLists} offset 0), matching as materialized (
       select id from (${set.text}) as answers where held <> '{}'
     )
     select (select count(*) from matching) as members,
            coalesce(jsonb_agg(jsonb_build_object('profileId', id, 'identifiers', identifiers) order by id), '[]') as sample
       from (select id, coalesce((select jsonb_object_agg(key, value) from jsonb_each_text(fields)
                                   where key = any($3::text[])), '{}') as identifiers
               from (select id from matching order by id limit $2) as few join profiles using (id)) as shown`,
    [[...listIds], sample.count, sample.withIdentifiers ? identityFields : [], ...set.parametersAt(nowMs)],
  );
  return rows[0] ?? { members: 0, sample: [] };
}
