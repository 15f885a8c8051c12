/** What the store says of people, to be shown and added up: before the import and after it. */
import pg from 'pg';

export type Fields = Readonly<Record<string, unknown>>;

/** Fields of everybody with an e-mail address, by that. */
export const readProfiles = (databaseUrl: string): Promise<ReadonlyMap<string, Fields>> =>
  asked(databaseUrl, async (store) => {
    const { rows } = await store.query<{ email: string; fields: Fields }>(
      `select fields ->> 'email' as email, fields from profiles where fields ? 'email'`,
    );
    return new Map(rows.map(({ email, fields }) => [email, fields]));
  });

/** Counters of all profiles together, of those without an address too. */
export const sumCounters = (
  databaseUrl: string,
  names: readonly string[],
): Promise<ReadonlyMap<string, number>> =>
  asked(databaseUrl, async (store) => {
    const { rows } = await store.query<{ name: string; sum: number }>(
      `select name, coalesce(sum((fields ->> name)::int), 0)::int as sum
         from unnest($1::text[]) as name left join profiles on fields ? name group by name`,
      [names],
    );
    return new Map(rows.map(({ name, sum }) => [name, sum]));
  });

async function asked<Answer>(
  databaseUrl: string,
  question: (store: pg.Client) => Promise<Answer>,
): Promise<Answer> {
  const store = new pg.Client({ connectionString: databaseUrl });
  await store.connect();
  try {
    return await question(store);
  } finally {
    await store.end();
  }
}
