/**
 * Logins that Responsys refused, by the version of the authorization they were made with; and the lock that
 * lets one login at a time be made with an authorization, by whichever process.
 */
import type { LoginRefusal } from '../responsys/index.ts';
import type { Database } from './database.ts';

/** Holds until the transaction ends. It takes no transaction id, so that the change log is not kept waiting. */
export async function lockLogins(database: Database, authorizationId: string): Promise<void> {
  await database.query("select pg_advisory_xact_lock(hashtextextended('login/' || $1, 0))", [
    authorizationId,
  ]);
}

/** The refusal of this version or a later one. */
export async function findLoginRefusal(
  database: Database,
  authorizationId: string,
  version: number,
): Promise<LoginRefusal | undefined> {
  const { rows } = await database.query<LoginRefusal>(
    `select kind, error_code as "errorCode", message from login_refusals
      where authorization_id = $1 and version >= $2`,
    [authorizationId, version],
  );
  return rows[0];
}

export async function saveLoginRefusal(
  database: Database,
  authorizationId: string,
  version: number,
  { kind, errorCode, message }: LoginRefusal,
): Promise<void> {
  await database.query(
    `insert into login_refusals as known (authorization_id, version, kind, error_code, message)
     values ($1, $2, $3, $4, $5)
     on conflict (authorization_id) do update
       set version = excluded.version, kind = excluded.kind, error_code = excluded.error_code,
           message = excluded.message, at = now()
       where excluded.version >= known.version`,
    [authorizationId, version, kind, errorCode, message],
  );
}
