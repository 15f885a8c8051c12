/**
 * The answers of the open-source FilterQL engine, through the store's SQL. What differs on purpose stands in
 * the table of docs/filters.md with its reason, and has to differ.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { readRow } from '../../../client/filters/row.ts';
import { runTrial } from '../../../client/filters/trial.ts';
import { compileRuleSets } from '../../../lql/filter/rule-set.ts';
import { openTestStore } from '../../harness/store.ts';
import { sharedText } from '../shared-text.ts';

interface Vector {
  readonly id: string;
  readonly filter: string;
  readonly row: Readonly<Record<string, unknown>>;
  readonly now: string;
  readonly includes?: string | Readonly<Record<string, string>>;
  readonly ok: boolean;
  readonly matched: boolean | null;
}

const given = sharedText('conformance/filterql-vectors.json');
const skip = 'absent' in given ? given.absent : false;
const { vectors, meta } = (
  'absent' in given ? { vectors: [], meta: { include_sets: {} } } : JSON.parse(given.text)
) as {
  readonly vectors: readonly Vector[];
  readonly meta: { readonly include_sets: Readonly<Record<string, Readonly<Record<string, string>>>> };
};

const documentation = readFileSync(new URL('../../../docs/filters.md', import.meta.url), 'utf8');
/** The first column of the table of deviations. */
const documented = [...documentation.matchAll(/^\| ((?:`[a-z_]+-\d{3}` *)+)\|/gm)].flatMap(([, ids = '']) =>
  [...ids.matchAll(/`([^`]+)`/g)].map(([, id = '']) => id),
);

const { store, ...testStore } = await openTestStore();
after(() => testStore.close());

/** By the SQL that evaluates many rules at once. */
async function holds(
  filter: string,
  row: Vector['row'],
  now: string,
  includes: Readonly<Record<string, string>>,
): Promise<boolean> {
  const nowMs = Date.parse(now);
  const { fields, fieldTypes } = readRow(row, nowMs);
  const [set] = compileRuleSets([{ filter }], {
    fieldTypes,
    includes: (name) => (Object.hasOwn(includes, name) ? includes[name] : undefined),
    firstParameter: 2,
  });
  const { rows } = await store.query<{ held: readonly number[] }>(
    `with given as (select 1 as id, $1::jsonb as fields, '{}'::text[] as lists)
     select held from (${set?.text ?? ''}) as answers`,
    [JSON.stringify(fields), ...(set?.parametersAt(nowMs) ?? [])],
  );
  return rows[0]?.held.length === 1;
}

test('Every vector has the engine’s answer, or stands in the table of deviations', { skip }, async () => {
  const different: string[] = [];
  for (const { id, filter, row, now, includes = {}, ok, matched } of vectors) {
    const sets = typeof includes === 'string' ? (meta.include_sets[includes] ?? {}) : includes;
    const result = await runTrial(store, { filter, row, now, includes: sets });
    if (result.ok !== ok || result.matched !== matched) different.push(id);
    if (result.error === 'parse') continue;
    assert.equal(await holds(filter, row, now, sets), result.matched === true, `${id} as a rule`);
  }
  assert.deepEqual(different.sort(), [...documented].sort());
  assert.ok(vectors.length >= 1_400, `only ${vectors.length} vectors`);
});
