/**
 * Random changes of profiles, lists, rules and time on a real PostgreSQL: after each, membership is what a full
 * evaluation says, and the log has each enter and exit in turn.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { ExpectedError } from '../../../jobs/errors.ts';
import { newRiids, writeRiids } from '../../../systems/store/answered-riids.ts';
import { changeMembership, ensureAudience } from '../../../systems/store/audiences.ts';
import { saveRule } from '../../../systems/store/audience-rules.ts';
import { transaction } from '../../../systems/store/database.ts';
import { evaluateDue, evaluateEverybody, owedAudiences } from '../../../systems/store/evaluation.ts';
import { foldPeople } from '../../../systems/store/event-profiles.ts';
import { openHashKeys } from '../../../systems/store/identities.ts';
import type { Identity } from '../../../systems/store/identities.ts';
import { holdOffMerges } from '../../../systems/store/merging.ts';
import { holdOffNewPeople, writeProfiles } from '../../../systems/store/profiles.ts';
import type { FieldValue } from '../../../systems/store/profiles.ts';
import { keyFrom } from '../../../systems/store/secrets.ts';
import { addUserFields, setKinds } from '../../../systems/store/user-fields.ts';
import { openTestStore } from '../../harness/store.ts';
import { evaluateAll, membershipsNow } from './memberships.ts';
import type { Memberships } from './memberships.ts';

const { store, ...testStore } = await openTestStore();
after(() => testStore.close());
const hashKeys = await openHashKeys(store, keyFrom(randomBytes(32).toString('base64')));

const startMs = Date.parse('2026-03-30T12:00:00Z');
const HOUR_MS = 3_600_000;
const lists = ['L1', 'L2'] as const;
const ruleNames = ['R1', 'R2', 'R3', 'R4'] as const;

type Fields = Readonly<Record<string, FieldValue>>;
/** Who is meant, by one identifier or several. */
type Who = readonly Identity[];

const small = fc.integer({ min: 0, max: 4 });
const who: fc.Arbitrary<Who> = fc
  .record({
    email: fc.option(fc.constantFrom('a@x.io', 'b@x.io', 'c@x.io', 'd@x.io', 'e@x.io'), { nil: undefined }),
    rs_user_id: fc.option(fc.constantFrom('1/1', '1/2', '1/3'), { nil: undefined }),
  })
  .filter(({ email, rs_user_id: riid }) => email !== undefined || riid !== undefined)
  .map(({ email, rs_user_id: riid }) => [
    ...(email === undefined ? [] : [{ field: 'email' as const, value: email }]),
    ...(riid === undefined ? [] : [{ field: 'rs_user_id' as const, value: riid }]),
  ]);
/** Times as hours before the start. */
const fields = fc.record(
  {
    visits: small,
    score: fc.constantFrom(0.5, 3),
    flag: fc.constantFrom(1, 5, 'x'),
    name: fc.constantFrom('a', 'b', ''),
    tags: fc.subarray(['x', 'y', 'z']),
    seen: fc.noBias(fc.integer({ min: -48, max: 1_500 })),
  },
  { requiredKeys: ['seen'] },
);
type Given = typeof fields extends fc.Arbitrary<infer Value> ? Value : never;
/** Of some, the time is not known. */
const stored = ({ seen, ...rest }: Given): Fields => ({
  ...rest,
  ...(seen % 5 === 0 ? {} : { seen: new Date(startMs - seen * HOUR_MS).toISOString() }),
});

const ago = (most: number, unit: string): fc.Arbitrary<string> =>
  fc.noBias(fc.integer({ min: 0, max: most })).map((amount) => `"now-${amount}${unit}"`);
const timed = fc
  .tuple(fc.constantFrom('<', '>', '<='), fc.oneof(ago(900, 'h'), ago(40, 'd'), ago(6, 'w'), ago(2, 'M')))
  .map(([sign, time]) => `seen ${sign} ${time}`);
const leaf = fc.oneof(
  timed,
  timed,
  small.map((count) => `visits > ${count}`),
  small.map((count) => `visits != ${count}`),
  fc.constantFrom(
    'name == "a"',
    'name < "b"',
    'NOT EXISTS score',
    'score < 1',
    'flag == 5',
    'NOT (flag == "x")',
    'EXISTS rs_user_id',
    'tags INTERSECTS ("x", "y")',
    'score BETWEEN 1 AND 4',
    '*',
  ),
  fc.constantFrom(...lists, ...ruleNames).map((name) => `INCLUDE ${name}`),
);
const condition = fc.oneof(
  leaf,
  leaf.map((one) => `NOT ${one}`),
  fc
    .tuple(fc.constantFrom('AND', 'OR'), fc.array(leaf, { minLength: 2, maxLength: 4 }))
    .map(([word, items]) => `${word} (${items.join(', ')})`),
  fc.tuple(leaf, leaf).map(([one, other]) => `${one} AND NOT ${other}`),
);

const rule = fc.record({
  do: fc.constant('rule' as const),
  name: fc.constantFrom(...ruleNames),
  filter: condition.map((one) => `FILTER ${one}`),
});
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('file' as const),
      people: fc.array(fc.tuple(who, fields), { minLength: 1, maxLength: 3 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('fold' as const),
      people: fc.array(fc.tuple(who, fields), { minLength: 1, maxLength: 3 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('riid' as const),
      at: fc.nat(7),
      riid: fc.constantFrom('1', '2', '9'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('enter' as const, 'exit' as const),
      list: fc.constantFrom(...lists),
      at: fc.array(fc.nat(7), { minLength: 1, maxLength: 3 }),
    }),
  },
  {
    weight: 3,
    arbitrary: rule,
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      hours: fc.noBias(fc.integer({ min: 1, max: 400 })),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('kind' as const),
      kind: fc.constantFrom('int' as const, 'string' as const),
    }),
  },
);
/** Some people, and a rule or two. */
const beginning = fc.tuple(
  fc.record({
    do: fc.constant('file' as const),
    people: fc.array(fc.tuple(who, fields), { minLength: 4, maxLength: 6 }),
  }),
  timed.map((one) => ({ do: 'rule' as const, name: 'R1' as const, filter: `FILTER ${one}` })),
  rule,
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

const folding = {
  merge: (into: Fields, other: Fields): Fields => ({ ...into, ...other }),
  write: (one: Fields): string => JSON.stringify(one),
  read: (text: string): Fields => JSON.parse(text) as Fields,
  texts: (one: Fields) => ({ aggregates: JSON.stringify(one), fields: JSON.stringify(one) }),
  fieldsOf: (one: Fields): Fields => one,
};

const identifiersOf = (person: Who): Fields =>
  Object.fromEntries(person.map(({ field, value }) => [field, value.replace('1/', '')]));

/** Of whom events tell that they are one is given as one: here the first alone. */
const apart = (people: readonly (readonly [Who, Given])[]): readonly (readonly [Who, Given])[] =>
  people.filter(([person], at) => {
    const values = new Set(people.slice(0, at).flatMap(([other]) => other.map(({ value }) => value)));
    return !person.some(({ value }) => values.has(value));
  });

const profileIds = async (): Promise<readonly string[]> =>
  (await store.query<{ id: string }>('select id from profiles order by created_at, id')).rows.map(
    ({ id }) => id,
  );

async function take(one: Step, nowMs: number): Promise<void> {
  const ids = await profileIds();
  const pick = (at: number): string[] => (ids.length === 0 ? [] : [ids[at % ids.length] ?? '']);
  switch (one.do) {
    case 'file':
      await transaction(store, (database) =>
        writeProfiles(
          database,
          hashKeys,
          one.people.map(([person, given]) => ({
            identities: person,
            fields: { ...stored(given), ...identifiersOf(person) },
          })),
          nowMs,
        ),
      );
      return;
    case 'fold':
      await transaction(store, (database) =>
        foldPeople(
          database,
          hashKeys,
          folding,
          apart(one.people).map(([person, given]) => ({
            identities: person,
            aggregates: () => ({ ...stored(given), ...identifiersOf(person) }),
          })),
          nowMs,
        ),
      );
      return;
    case 'riid':
      await transaction(store, async (database) => {
        await holdOffNewPeople(database);
        await holdOffMerges(database);
        const answered = pick(one.at).map((profileId) => ({ profileId, riid: one.riid, at: new Date() }));
        await writeRiids(database, await newRiids(database, hashKeys, '1', answered), true, nowMs);
      });
      return;
    case 'enter':
    case 'exit': {
      const { id } = await ensureAudience(store, one.list);
      await transaction(store, (database) =>
        changeMembership(database, id, one.at.flatMap(pick), one.do, nowMs),
      );
      return;
    }
    case 'rule':
      try {
        const { owed } = await saveRule(store, one.name, one.filter);
        await evaluateEverybody(
          store,
          owed.map(({ id }) => id),
          { now: () => nowMs },
        );
      } catch (error) {
        // Includes itself, or what is not there.
        if (!(error instanceof ExpectedError) || error.code !== 'INPUT_NOT_VALID') throw error;
      }
      return;
    case 'wait':
      while ((await evaluateDue(store, nowMs)) > 0);
      return;
    case 'kind':
      await setKinds(store, new Map([['flag', one.kind]]));
      await evaluateEverybody(store, await owedAudiences(store, Date.now() + 1_000), { now: () => nowMs });
  }
}

/** What was logged behind `no` leads from what was to what is, one enter and one exit in turn. */
async function checkLog(no: number, before: Memberships, now: Memberships): Promise<number> {
  const { rows: merged } = await store.query<{ alias: string; into: string }>(
    'select alias, profile_id as into from profile_aliases',
  );
  const { rows } = await store.query<{ no: number; name: string; id: string; change: string }>(
    `select no, name, profile_id as id, change from changes join audiences on audiences.id = any(audience_ids)
      where no > $1 order by tx, no`,
    [no],
  );
  for (const [name, members] of now) {
    // Whoever was in it under a profile that is merged now is in it.
    const state = new Set(before.get(name));
    for (const { alias, into } of merged) if (state.delete(alias)) state.add(into);
    for (const one of rows.filter((row) => row.name === name)) {
      assert.equal(state.has(one.id), one.change === 'exit', `${one.change} of ${name} twice`);
      if (one.change === 'enter') state.add(one.id);
      else state.delete(one.id);
    }
    assert.deepEqual([...state].sort(), [...members].sort(), `the log of ${name}`);
  }
  return rows.at(-1)?.no ?? no;
}

test('After each change membership is what a full evaluation says, and the log has every change in turn', async () => {
  const seen = { enters: 0, exits: 0, merges: 0, byTheClock: 0 };
  await fc.assert(
    fc.asyncProperty(beginning, fc.array(step, { minLength: 8, maxLength: 20 }), async (first, steps) => {
      await store.query(
        'truncate profiles, identities, profile_aliases, audiences, audience_members, changes, due_profiles, user_fields cascade',
      );
      for (const list of lists) await ensureAudience(store, list);
      await addUserFields(
        store,
        new Map([
          ['visits', 'int'],
          ['score', 'number'],
          ['name', 'string'],
          ['tags', '[]string'],
          ['seen', 'date'],
          ['email', 'string'],
          ['rs_user_id', 'string'],
        ]),
      );
      let nowMs = startMs;
      let no = 0;
      let before = await membershipsNow(store);
      for (const one of [...first, ...steps]) {
        if (one.do === 'wait') nowMs += one.hours * HOUR_MS;
        await take(one, nowMs);
        const now = await membershipsNow(store);
        for (const [name, expected] of await evaluateAll(store, nowMs))
          assert.deepEqual(
            [...(now.get(name) ?? [])].sort(),
            [...expected].sort(),
            `${name} after ${one.do}`,
          );
        const last = await checkLog(no, before, now);
        if (one.do === 'wait') seen.byTheClock += last > no ? 1 : 0;
        [no, before] = [last, now];
      }
      const { rows } = await store.query<Record<'enters' | 'exits' | 'merges', number>>(
        `select count(*) filter (where change = 'enter') as enters, count(*) filter (where change = 'exit') as exits,
                (select count(*) from profile_aliases) as merges from changes`,
      );
      for (const kind of ['enters', 'exits', 'merges'] as const) seen[kind] += rows[0]?.[kind] ?? 0;
    }),
    // Fewer would leave what the clock changes, some 25 in 60, to chance.
    { numRuns: 110 },
  );
  assert.ok(Math.min(...Object.values(seen)) > 20, JSON.stringify(seen));
});
