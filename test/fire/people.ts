/**
 * The people of a run under fire, as they should be, kept beside the store and without its code: each change
 * is made in both, and what Responsys holds in the end is compared with this.
 */
import type { Identity } from '../../systems/store/identities.ts';
import { changeMembership } from '../../systems/store/audiences.ts';
import { transaction } from '../../systems/store/database.ts';
import type { Database, Pool } from '../../systems/store/database.ts';
import type { HashKeys } from '../../systems/store/identities.ts';
import { writeProfiles } from '../../systems/store/profiles.ts';
import type { Random } from './random.ts';

export interface Person {
  /** Undefined: known by e-mail only, until it turns out who it is. */
  customer: string | undefined;
  /** Not an address: the person has lost it. */
  email: string;
  tier: string;
  profileId: string;
  readonly in: { source: boolean; other: boolean };
}

export interface People {
  readonly all: Set<Person>;
  readonly changes: number;
  /** One change of one person or two, chosen at random. */
  changeSomebody(): Promise<void>;
}

export interface Stage {
  readonly store: Pool;
  readonly hashKeys: HashKeys;
  readonly audiences: Readonly<Record<'source' | 'other', string>>;
}

const email = (value: string): Identity => ({ field: 'email', value });
const customer = (value: string): Identity => ({ field: 'customer_id', value });

export async function gather(stage: Stage, random: Random, count: number): Promise<People> {
  const { store, hashKeys, audiences } = stage;
  const all = new Set<Person>();
  let changes = 0;
  let fresh = 0;
  const freshEmail = (): string => `new${++fresh}@example.com`;

  const inputs = Array.from({ length: count }, (_, number) => ({
    customer: number % 9 === 0 ? undefined : `c${number}`,
    email: `person${number}@example.com`,
    tier: 't0',
  }));
  await transaction(store, async (database) => {
    const written = await writeProfiles(
      database,
      hashKeys,
      inputs.map((one) => ({
        identities: [email(one.email), ...(one.customer === undefined ? [] : [customer(one.customer)])],
        fields: {
          email: one.email,
          tier: one.tier,
          ...(one.customer === undefined ? {} : { customer_id: one.customer }),
        },
      })),
    );
    inputs.forEach((one, index) =>
      all.add({
        ...one,
        profileId: written[index]?.profileId ?? '',
        in: { source: true, other: random.chance(0.5) },
      }),
    );
    const ids = (some: readonly Person[]): string[] => some.map(({ profileId }) => profileId);
    await changeMembership(database, audiences.source, ids([...all]), 'enter');
    await changeMembership(database, audiences.other, ids([...all].filter((one) => one.in.other)), 'enter');
  });

  const write = (database: Database, person: Person, fields: Readonly<Record<string, string>>) =>
    writeProfiles(database, hashKeys, [
      {
        identities: [person.customer === undefined ? email(person.email) : customer(person.customer)],
        fields,
      },
    ]);
  const pick = (isOne: (person: Person) => boolean = () => true): Person =>
    random.of([...all].filter(isOne)) ?? random.of([...all]) ?? ([...all][0] as Person);
  const isKnown = (person: Person): boolean => person.customer !== undefined;

  const kinds: Readonly<Record<string, () => Promise<void>>> = {
    membership: async () => {
      const person = pick();
      const which = random.chance(0.6) ? 'source' : 'other';
      const enters = !person.in[which];
      await transaction(store, (database) =>
        changeMembership(database, audiences[which], [person.profileId], enters ? 'enter' : 'exit'),
      );
      person.in[which] = enters;
    },
    address: async () => {
      const person = pick(isKnown);
      if (!isKnown(person)) return;
      const next = random.chance(0.8) ? freshEmail() : `lost${++fresh}`;
      await transaction(store, (database) => write(database, person, { email: next }));
      person.email = next;
    },
    swap: async () => {
      const [one, other] = [pick(isKnown), pick(isKnown)];
      if (one === other || !isKnown(one) || !isKnown(other)) return;
      await transaction(store, async (database) => {
        await write(database, one, { email: other.email });
        await write(database, other, { email: one.email });
      });
      [one.email, other.email] = [other.email, one.email];
    },
    inherit: async () => {
      // An address that was one person's becomes another's, who has it first; then the first gets a new one.
      const [one, other] = [pick(isKnown), pick(isKnown)];
      if (one === other || !isKnown(one) || !isKnown(other)) return;
      const next = freshEmail();
      await transaction(store, (database) => write(database, other, { email: one.email }));
      await transaction(store, (database) => write(database, one, { email: next }));
      [one.email, other.email] = [next, one.email];
    },
    merge: async () => {
      const [known, half] = [pick(isKnown), pick((person) => !isKnown(person))];
      if (known.customer === undefined || half.customer !== undefined) return;
      const fields = { email: half.email, customer_id: known.customer, tier: `t${++fresh}` };
      const [written] = await transaction(store, (database) =>
        writeProfiles(database, hashKeys, [
          { identities: [email(half.email), customer(fields.customer_id)], fields },
        ]),
      );
      known.profileId = written?.profileId ?? '';
      known.email = half.email;
      known.tier = fields.tier;
      known.in.source ||= half.in.source;
      known.in.other ||= half.in.other;
      all.delete(half);
    },
    tier: async () => {
      const person = pick();
      const tier = `t${++fresh}`;
      await transaction(store, (database) => write(database, person, { tier }));
      person.tier = tier;
    },
  };
  const often = ['membership', 'membership', 'membership', 'address', 'swap', 'inherit', 'merge', 'tier'];

  return {
    all,
    get changes() {
      return changes;
    },
    changeSomebody: async () => {
      changes += 1;
      await kinds[random.of(often) ?? 'membership']?.();
    },
  };
}
