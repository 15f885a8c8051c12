/**
 * Where Responsys has throttled an account of late, for those who watch a job that waits for it.
 */
import type { Database } from './database.ts';

/** Told for so long after its end: whoever looks seldom is to learn of it too. */
const toldFor = "interval '2 minutes'";

export interface Throttling {
  /** The function's name in the account. */
  readonly api: string;
  /** ISO; nothing of it is called before. */
  readonly until: string;
}

export async function throttlingOf(
  database: Database,
  authorizationId: string,
): Promise<readonly Throttling[]> {
  const { rows } = await database.query<{ api: string; until: Date }>(
    `select api, throttled_until as until
       from governor_functions join governor_authorizations using (account)
      where authorization_id = $1 and throttled_until > clock_timestamp() - ${toldFor}
      order by api`,
    [authorizationId],
  );
  return rows.map(({ api, until }) => ({ api, until: until.toISOString() }));
}
