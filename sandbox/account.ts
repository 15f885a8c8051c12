/**
 * The account's users and their tokens. Tokens outlive a restart, as Responsys' do. After a number of wrong
 * passwords a user is locked, also for the right password, until the control API unlocks it.
 * Source: reference §1.
 */
import { randomBytes } from 'node:crypto';
import type { Config } from './config.ts';
import { Refused } from './errors.ts';
import type { Storage } from './storage.ts';

export interface Issued {
  readonly authToken: string;
  /** Epoch milliseconds. */
  readonly issuedAt: number;
}

export interface Account {
  /** @throws Refused INVALID_USER_NAME_PASSWORD, PASSWORD_LOCKOUT */
  logIn(username: string, password: string): Issued;
  /** A new token for a living one; the old one lives on until its time. @throws Refused as `authorize` */
  refresh(token: string | undefined): Issued & { readonly username: string };
  /**
   * The user of a token. `status` is that of a refusal: `/rest/api/ratelimit` always says 500.
   * @throws Refused INVALID_TOKEN, TOKEN_EXPIRED, UNEXPECTED_EXCEPTION
   */
  authorize(token: string | undefined, status?: 401 | 500): string;
  forgetTokens(): void;
  /** Lets locked users in again: the given one, or all. */
  unlock(username?: string): void;
  users(): readonly { username: string; failedLogins: number; locked: boolean }[];
}

export function openAccount(storage: Storage, config: () => Config): Account {
  const failures = (username: string) =>
    Number(
      storage.prepare('SELECT times FROM failed_logins WHERE username = ?').get(username)?.['times'] ?? 0,
    );

  function issue(username: string): Issued {
    const authToken = `E${randomBytes(40).toString('base64url').slice(0, 53)}`;
    const issuedAt = Date.now();
    const oldestMs = issuedAt - 7 * 24 * 60 * 60_000;
    storage.transaction(() => {
      storage.prepare('DELETE FROM tokens WHERE issued_ms < ?').run(oldestMs);
      storage
        .prepare('INSERT INTO tokens (token, username, issued_ms) VALUES (?, ?, ?)')
        .run(authToken, username, issuedAt);
    });
    return { authToken, issuedAt };
  }

  function authorize(token: string | undefined, status: 401 | 500 = config().badTokenStatus): string {
    const row =
      token === undefined
        ? undefined
        : storage.prepare('SELECT username, issued_ms FROM tokens WHERE token = ?').get(token);
    const expired = row !== undefined && Number(row['issued_ms']) + config().tokenLifetimeMs <= Date.now();
    if (row !== undefined && !expired) return String(row['username']);
    if (status === 500) throw new Refused('UNEXPECTED_EXCEPTION', 'Not a valid authentication token');
    if (expired) throw new Refused('TOKEN_EXPIRED', 'Token expired');
    throw new Refused('INVALID_TOKEN', 'Not a valid authentication token');
  }

  return {
    logIn(username, password) {
      if (failures(username) >= config().lockoutAfter)
        throw new Refused('PASSWORD_LOCKOUT', 'The user is locked after too many failed logins');
      const user = Object.hasOwn(config().users, username) ? config().users[username] : undefined;
      if (user?.password !== password) {
        if (user !== undefined)
          storage
            .prepare(
              `INSERT INTO failed_logins (username, times) VALUES (?, 1)
               ON CONFLICT (username) DO UPDATE SET times = times + 1`,
            )
            .run(username);
        throw new Refused('INVALID_USER_NAME_PASSWORD', '');
      }
      storage.prepare('DELETE FROM failed_logins WHERE username = ?').run(username);
      return issue(username);
    },
    refresh(token) {
      const username = authorize(token);
      return { username, ...issue(username) };
    },
    authorize,
    forgetTokens: () => void storage.prepare('DELETE FROM tokens').run(),
    unlock(username) {
      if (username === undefined) storage.prepare('DELETE FROM failed_logins').run();
      else storage.prepare('DELETE FROM failed_logins WHERE username = ?').run(username);
    },
    users: () =>
      Object.keys(config().users).map((username) => {
        const failedLogins = failures(username);
        return { username, failedLogins, locked: failedLogins >= config().lockoutAfter };
      }),
  };
}
