/**
 * Many filters in one SELECT: what they read is taken out of a profile once for all of them, and each text is a
 * parameter once.
 */
import { columnsOf, compileInto } from './compile.ts';
import type { FilterContext } from './compile.ts';
import { dueOf } from './due.ts';
import { newParameters } from './parameters.ts';
import type { ParameterValue } from './parameters.ts';
import type { Moving } from './scope.ts';
import { countOf, newColumns, newScope } from './scope.ts';

export interface RuleSet<Rule> {
  /** In the order of their numbers. */
  readonly rules: readonly Rule[];
  /**
   * SQL that selects from a table `given` (id, fields jsonb, lists text[]): the id, as `held` the numbers (from 1)
   * of the rules that hold, and as `due` the second at which one of the answers may next change by the clock alone.
   */
  readonly text: string;
  readonly isTimed: boolean;
  parametersAt(nowMs: number): readonly (ParameterValue | null)[];
}

/** One SELECT has at most 1,664 columns and 65,535 parameters: a set is closed long before. */
const nodesOfSet = 2_000;
const columnsOfSet = 800;

/** @throws ExpectedError INPUT_NOT_VALID as `compileFilter` */
export function compileRuleSets<Rule extends { readonly filter: string }>(
  rules: readonly Rule[],
  context: FilterContext,
): readonly RuleSet<Rule>[] {
  const sets: RuleSet<Rule>[] = [];
  for (let from = 0; from < rules.length;) {
    const set = compileSet(rules.slice(from), context);
    from += set.rules.length;
    sets.push(set);
  }
  return sets;
}

/** As many of the rules, from the first, as a set takes. */
function compileSet<Rule extends { readonly filter: string }>(
  rules: readonly Rule[],
  context: FilterContext,
): RuleSet<Rule> {
  const parameters = newParameters(context.firstParameter ?? 1);
  const columns = newColumns();
  const moving: Moving[] = [];
  const held: string[] = [];
  let nodes = 0;
  for (const { filter } of rules) {
    const scope = newScope(parameters, context.fieldTypes, columns);
    held.push(`case when ${compileInto(scope, filter, context).holds} then ${held.length + 1} end`);
    moving.push(...scope.moving);
    nodes += scope.nodes;
    if (nodes > nodesOfSet || countOf(columns) > columnsOfSet) break;
  }
  const from = columns.json.size === 0 ? '' : `, lateral ${columnsOf(columns)} as v`;
  const settled = parameters.settle(
    `select id, array_remove(array[${held.join(', ')}], null) as held, ${dueOf(parameters, moving)} as due from given${from}`,
  );
  return {
    rules: rules.slice(0, held.length),
    text: settled.text,
    isTimed: moving.length > 0,
    parametersAt: (nowMs) => settled.valuesAt(nowMs),
  };
}
