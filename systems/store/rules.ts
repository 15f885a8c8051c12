/**
 * The audiences that are rules, compiled. They are read in each transaction that changes profiles, and compiled
 * once as long as nothing has changed: filters mean what they do together with the kinds of the user fields.
 */
import { LRUCache } from 'lru-cache';
import type { Kind } from '../../jobs/user-fields.ts';
import { compileFilter } from '../../lql/filter/compile.ts';
import type { CompiledFilter, FilterContext } from '../../lql/filter/compile.ts';
import { fieldTypesOf } from '../../lql/filter/field-types.ts';
import { compileRuleSets } from '../../lql/filter/rule-set.ts';
import type { RuleSet } from '../../lql/filter/rule-set.ts';
import type { Database } from './database.ts';

export interface Rule {
  readonly audienceId: string;
  readonly name: string;
  readonly filter: string;
  readonly compiled: CompiledFilter;
}

export interface Rules {
  readonly all: readonly Rule[];
  readonly context: FilterContext;
  /** Some of the rules, to be evaluated together. */
  setsOf(rules: readonly Rule[]): readonly RuleSet<Rule>[];
}

const lockSpace = 0x6c7c;

/** The number of the first parameter of a rule: what is evaluated, for whom and where comes before. */
const firstParameter = 4;

/**
 * SQL of what rules read of profiles. $1 has the ids of the lists that they include. The fields are unpacked
 * once, by the empty object that is laid over them.
 */
export const profilesWithLists = `
  select id, fields || '{}' as fields,
         case when $1::uuid[] = '{}' then '{}' else array(
           select audience_id::text from audience_members
            where profile_id = profiles.id and is_member and audience_id = any($1::uuid[])) end as lists
    from profiles`;

/**
 * Rules stay what they are until the transaction ends. To be taken after profiles were written and before rules
 * are read: whoever makes a rule waits for those who do not know it yet, and then looks at everybody.
 */
export async function holdOffNewRules(database: Database): Promise<void> {
  await database.query('select pg_advisory_xact_lock_shared($1, 0)', [lockSpace]);
  await withoutJit(database);
}

/** Rules are long expressions over few rows: to compile them to machine code takes longer than to evaluate them. */
export async function withoutJit(database: Database): Promise<void> {
  await database.query('set local jit = off');
}

/** Keeps rules, and kinds of the fields that they read, to this transaction alone. */
export async function holdRules(database: Database): Promise<void> {
  await database.query('select pg_advisory_xact_lock($1, 0)', [lockSpace]);
}

/** Of these fields, some have another kind now: everybody is to be looked at by the rules that may read them. */
export async function oweRulesThatRead(database: Database, fields: readonly string[]): Promise<void> {
  const concerned = `filter is not null and exists (
    select from unnest($1::text[]) as name where position(name in filter) > 0)`;
  const { rowCount } = await database.query(`select from audiences where ${concerned} limit 1`, [fields]);
  if (rowCount === 0) return;
  await holdRules(database);
  await database.query(
    `update audiences set owed = gen_random_uuid(), owed_from = now()
      where (${concerned}) or filter ~* '\\minclude\\M'`,
    [fields],
  );
}

/** Audiences and kinds as one text, by which is known whether anything has changed. */
const snapshot = `
  select jsonb_build_object(
           'audiences', (select jsonb_agg(jsonb_build_array(id, name, filter) order by name) from audiences),
           'kinds', (select jsonb_object_agg(name, kind) from user_fields))::text as text`;

interface Snapshot {
  readonly audiences: readonly (readonly [id: string, name: string, filter: string | null])[] | null;
  readonly kinds: Readonly<Record<string, Kind>> | null;
}

const known = new LRUCache<string, Rules>({ max: 4 });

export async function readRules(database: Database): Promise<Rules> {
  const { rows } = await database.query<{ text: string }>(snapshot);
  const text = rows[0]?.text ?? '{}';
  const rules = known.get(text) ?? compileRules(JSON.parse(text) as Snapshot);
  known.set(text, rules);
  return rules;
}

const mostSets = 50;

function compileRules({ audiences, kinds }: Snapshot): Rules {
  const byName = new Map((audiences ?? []).map(([listId, name, filter]) => [name, filter ?? { listId }]));
  const context: FilterContext = {
    fieldTypes: fieldTypesOf(new Map(Object.entries(kinds ?? {}))),
    includes: (name) => byName.get(name),
    firstParameter,
  };
  const all = (audiences ?? []).flatMap(([audienceId, name, filter]) =>
    filter === null ? [] : [{ audienceId, name, filter, compiled: compileFilter(filter, context) }],
  );
  const sets = new LRUCache<string, readonly RuleSet<Rule>[]>({ max: mostSets });
  return {
    all,
    context,
    setsOf(rules) {
      const key = rules.map(({ audienceId }) => audienceId).join();
      const compiled = sets.get(key) ?? compileRuleSets(rules, context);
      sets.set(key, compiled);
      return compiled;
    },
  };
}
