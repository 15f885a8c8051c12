/**
 * Calls to one account with the token of its one login. A call whose token Responsys no longer knows is made
 * once more after a new login; no other answer brings about a login.
 */
import { asciiJson } from './body.ts';
import { ResponsysError } from './errors.ts';
import { openSessions } from './login.ts';
import type { LoginGuard, ResponsysLogin, Session, Token } from './login.ts';
import { openTransport } from './transport.ts';
import type { Answer, Request, TransportOptions } from './transport.ts';
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

  async function callIn(
    session: Session,
    request: Request,
    attempt: number,
    signal: AbortSignal | undefined,
  ): Promise<Answer> {
    const { authToken, endPoint } = await unlessAborted(session.token, signal);
    const data = request.body === undefined ? undefined : asciiJson(request.body);
    // The raw token, without "Bearer". Source: reference §1.4.
    const headers = { authorization: authToken, ...(data === undefined ? {} : json) };
    return exchange({ request, base: endPoint, headers, data, attempt }, signal);
  }

  return {
    logIn: (signal) => unlessAborted(sessions.renew().token, signal),
    call: async (request, signal) => {
      const session = sessions.current();
      try {
        return await callIn(session, request, 1, signal);
      } catch (error) {
        if (!(error instanceof ResponsysError) || error.kind !== 'token') throw error;
        sessions.forget(session);
        return callIn(sessions.current(), request, 2, signal);
      }
    },
  };
}

const json = { 'content-type': 'application/json' } as const;
