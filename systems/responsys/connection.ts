/**
 * Calls to one account with the token of its one login. A call whose token Responsys no longer knows is made
 * once more after a new login; no other answer brings about a login.
 */
import { asciiJson } from './body.ts';
import { ResponsysError } from './errors.ts';
import { openSessions } from './login.ts';
import type { LoginGuard, ResponsysLogin, Session, Token } from './login.ts';
import { openTransport } from './transport.ts';
import type { Address, Answer, Request, TransportOptions } from './transport.ts';
import { unlessAborted } from '../unless-aborted.ts';

export interface ConnectionOptions extends TransportOptions {
  readonly login: ResponsysLogin;
  /** `host:port` besides Oracle's that may be sent the login. */
  readonly allowHosts: readonly string[];
  /** What logins by password are made through, where they are not to be made at once. */
  readonly guardLogin?: LoginGuard;
}

export interface Connection {
  /** @throws ResponsysError; ExpectedError for an Endpoint URI that is none; the signal's reason */
  call(request: Request, signal?: AbortSignal): Promise<Answer>;
  /** Logs in by password, whatever login there is; later calls use it. */
  logIn(signal?: AbortSignal): Promise<Token>;
}

export function openConnection(options: ConnectionOptions): Connection {
  const exchange = openTransport(options);
  const sessions = openSessions(options.login, options.allowHosts, exchange, options.guardLogin);

  /** @param use begins with a session, and ends with the one whose token the call was made with */
  async function callIn(
    use: { session: Session },
    request: Request,
    attempt: number,
    signal: AbortSignal | undefined,
  ): Promise<Answer> {
    // Before the call waits for its turn, so that a login that is refused is told at once.
    let token = await unlessAborted(use.session.token, signal);
    const data = request.body === undefined ? undefined : asciiJson(request.body);
    const address = (): Address => {
      // While it waited, the token may have ended, and another call have logged in anew.
      ({ session: use.session, token } = sessions.ready() ?? { session: use.session, token });
      // The raw token, without "Bearer". Source: reference §1.4.
      const headers = { authorization: token.authToken, ...(data === undefined ? {} : json) };
      return { base: token.endPoint, headers };
    };
    return exchange({ request, address, data, attempt }, signal);
  }

  return {
    logIn: (signal) => unlessAborted(sessions.renew().token, signal),
    call: async (request, signal) => {
      const use = { session: sessions.current() };
      try {
        return await callIn(use, request, 1, signal);
      } catch (error) {
        if (!(error instanceof ResponsysError) || error.kind !== 'token') throw error;
        sessions.forget(use.session);
        return callIn({ session: sessions.current() }, request, 2, signal);
      }
    },
  };
}

const json = { 'content-type': 'application/json' } as const;
