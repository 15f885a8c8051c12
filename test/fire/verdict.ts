/**
 * What Responsys holds and what the ledger says, against the people as they should be. No drift is repaired
 * before it is looked at: there is no closing scan and no back-fill.
 */
import assert from 'node:assert/strict';
import type { Pool } from '../../systems/store/database.ts';
import type { Person } from './people.ts';

export type Row = Readonly<Record<string, string | number | null>>;

export interface Held {
  readonly list: readonly Row[];
  readonly memberships: readonly Row[];
  readonly fields: readonly Row[];
}

const isAddress = (person: Person): boolean => person.email.includes('@');
const text = (value: string | number | null | undefined): string => String(value ?? '');

/** @returns every difference, in words */
export function differences(people: ReadonlySet<Person>, held: Held): readonly string[] {
  const found: string[] = [];
  const byEmail = new Map([...people].filter(isAddress).map((person) => [person.email, person]));
  const memberships = new Map(held.memberships.map((row) => [text(row['RIID_']), row]));
  const fields = new Map(held.fields.map((row) => [text(row['RIID_']), row]));
  const inList = new Set(held.list.map((row) => text(row['EMAIL_ADDRESS_'])));
  if (inList.size !== held.list.length) found.push(`${held.list.length - inList.size} records are doubled`);
  for (const person of byEmail.values())
    if (person.in.source && !inList.has(person.email)) found.push(`${person.email} is not in the list`);
  for (const record of held.list) {
    const address = text(record['EMAIL_ADDRESS_']);
    const riid = text(record['RIID_']);
    const person = byEmail.get(address);
    const row = memberships.get(riid);
    const is = row === undefined ? 'no row' : `${text(row['SOURCE'])} ${text(row['OTHER'])}`;
    const fits =
      person === undefined
        ? row === undefined || is === '0 0'
        : is === `${person.in.source ? 1 : 0} ${person.in.other ? 1 : 0}`;
    if (!fits)
      found.push(
        `${address} has ${is}; ${person === undefined ? 'it is nobody’s' : JSON.stringify(person.in)} (${person?.profileId ?? '–'}, RIID ${riid})`,
      );
    const tier = text(fields.get(riid)?.['tier']);
    if (person?.in.source === true && tier !== person.tier)
      found.push(`${address} has tier ${tier}, not ${person.tier} (${person.profileId})`);
  }
  return found;
}

/** The ledger adds up: every member once, counted once, with the fate that Responsys shows. */
export async function assertLedger(
  store: Pool,
  jobId: string,
  people: ReadonlySet<Person>,
  held: Held,
): Promise<void> {
  const { rows: counted } = await store.query<{ fate: string; members: number; counts: number }>(
    `select fate, coalesce(members, 0) as members, coalesce(counts, 0) as counts
       from (select fate, count(*) as members from job_members where job_id = $1 group by fate) as members
       full join (select fate, members as counts from job_counts where job_id = $1 and members <> 0) as counts
       using (fate)`,
    [jobId],
  );
  for (const { fate, members, counts } of counted) assert.equal(counts, members, `counts of ${fate}`);
  const { rows: members } = await store.query<{ profile_id: string; fate: string; riid: string | null }>(
    'select profile_id, fate, riid from job_members where job_id = $1',
    [jobId],
  );
  const inList = new Map(held.list.map((row) => [text(row['EMAIL_ADDRESS_']), text(row['RIID_'])]));
  const expected = new Set(
    [...people].map((person) => {
      const riid = isAddress(person) ? inList.get(person.email) : undefined;
      const fate = riid !== undefined ? 'accepted' : isAddress(person) ? 'not-in-list' : 'rejected';
      return `${person.profileId} ${fate} ${riid ?? '–'}`;
    }),
  );
  const told = new Set(members.map(({ profile_id, fate, riid }) => `${profile_id} ${fate} ${riid ?? '–'}`));
  // Who left before the first scan began was never sent, and has no line.
  const hasLine = new Set(members.map(({ profile_id }) => profile_id));
  const left = new Set([...people].filter((one) => !one.in.source).map(({ profileId }) => profileId));
  for (const line of expected) {
    const profileId = line.slice(0, 36);
    if (left.has(profileId) && !hasLine.has(profileId)) expected.delete(line);
  }
  const wrong = { told: [...told.difference(expected)], expected: [...expected.difference(told)] };
  assert.deepEqual(
    wrong,
    { told: [], expected: [] },
    `the latest lines of members: ${JSON.stringify(wrong)}`,
  );
  const { rows: lines } = await store.query<{ lines: number }>(
    `select count(*) as lines from job_members join ledger on ledger.no = ledger_no
      where job_members.job_id = $1 and ledger.fate = job_members.fate and ledger.change_no = job_members.change_no`,
    [jobId],
  );
  assert.equal(lines[0]?.lines, members.length, 'each latest line is a line of the ledger');
  const { rows: kept } = await store.query(
    `select coalesce(profile_aliases.profile_id, job_records.profile_id) as owner
       from job_records left join profile_aliases on alias = job_records.profile_id
      where job_id = $1 group by 1 having count(distinct match_value) > 1`,
    [jobId],
  );
  assert.deepEqual(kept, [], 'members with more records than one');
}
