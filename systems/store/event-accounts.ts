/**
 * Which Responsys account the RIIDs belong to that REST answers: REST does not tell the number with which the
 * account's event files begin. It is the authorization's setting `accountId`, or else the one account of which
 * there are event files.
 */
import type { Database } from './database.ts';

/** The accounts of the event files that were found, in no account's favour. */
export async function knownAccounts(database: Database): Promise<readonly string[]> {
  // One step of the index an account: folders have many files of few accounts.
  const { rows } = await database.query<{ id: string }>(
    `with recursive accounts as (
       select min(account_id) as id from event_files
       union all
       select (select min(account_id) from event_files where account_id > accounts.id) from accounts
        where accounts.id is not null
     ) select id from accounts where id is not null`,
  );
  return rows.map(({ id }) => id);
}

/**
 * What a job is told where RIIDs cannot be written.
 * @param label the authorization's
 * @returns nothing where the account is known, or there is no event file yet
 */
export async function accountWarning(database: Database, label: string): Promise<string | undefined> {
  const { rows } = await database.query<{ id: string }>('select id from authorizations where label = $1', [
    label,
  ]);
  const known = await knownAccounts(database);
  const id = rows[0]?.id;
  if (known.length < 2 || id === undefined || (await accountOfRiids(database, id)) !== undefined)
    return undefined;
  return (
    `There are event files of the accounts ${known.join(', ')}: with accountId in the authorization "${label}" ` +
    'the RIIDs that Responsys answers are written to the profiles; without it they are not.'
  );
}

/** @returns undefined where no account is known, or where several are and the authorization names none */
export async function accountOfRiids(
  database: Database,
  authorizationId: string,
): Promise<string | undefined> {
  const { rows } = await database.query<{ account: string | null }>(
    "select nullif(settings ->> 'accountId', '') as account from authorizations where id = $1",
    [authorizationId],
  );
  const named = rows[0]?.account ?? undefined;
  if (named !== undefined) return named;
  const known = await knownAccounts(database);
  return known.length === 1 ? known[0] : undefined;
}
