/** For tests: who belongs to which audience, as it is stored and as it should be. */
import { compileFilter } from '../../../lql/filter/compile.ts';
import type { Pool } from '../../../systems/store/database.ts';
import { readRules } from '../../../systems/store/rules.ts';

/** Profiles by the audience's name. */
export type Memberships = ReadonlyMap<string, ReadonlySet<string>>;

export async function membershipsNow(store: Pool): Promise<Memberships> {
  const { rows } = await store.query<{ name: string; ids: string[] }>(
    `select name, coalesce(array_agg(profile_id::text) filter (where is_member), '{}') as ids
       from audiences left join audience_members on audience_id = id group by name`,
  );
  return new Map(rows.map(({ name, ids }) => [name, new Set(ids)]));
}

/** By each rule on its own, as it is compiled alone. */
export async function evaluateAll(store: Pool, nowMs: number): Promise<Memberships> {
  const { all, context } = await readRules(store);
  const found = new Map<string, ReadonlySet<string>>();
  for (const { name, filter } of all) {
    const alone = compileFilter(filter, { ...context, firstParameter: 1 });
    const { rows } = await store.query<{ id: string }>(
      `select id from (
         select id, fields, array(select audience_id::text from audience_members
                                   where profile_id = profiles.id and is_member) as lists
           from profiles offset 0) as row
        where ${alone.text}`,
      [...alone.parametersAt(nowMs)],
    );
    found.set(name, new Set(rows.map(({ id }) => id)));
  }
  return found;
}
