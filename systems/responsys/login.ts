/**
 * The login of one connection: one at a time for all that ask, renewed an hour after it was issued. A refused
 * login is remembered and never tried again by this connection, since repetition locks the user.
 */
import { ExpectedError } from '../../jobs/errors.ts';
import { normaliseEndpointUri } from './endpoint.ts';
import type { ResponsysErrorKind } from './error-codes.ts';
import { ResponsysError } from './errors.ts';
import type { Exchange } from './transport.ts';

export interface ResponsysLogin {
  readonly endpointUri: string;
  readonly username: string;
  readonly password: string;
}

export interface Token {
  readonly authToken: string;
  /** The origin that all later calls go to. */
  readonly endPoint: string;
  /** Milliseconds since 1970, by Responsys' clock. */
  readonly issuedAt: number;
}

/** A token, or the login under way for it. Told apart by identity. */
export interface Session {
  readonly token: Promise<Token>;
}

export interface ReadySession {
  readonly session: Session;
  readonly token: Token;
}

export interface Sessions {
  /** The session of now; begins or renews one where there is none that is young enough. */
  current(): Session;
  /** The same where it has its token; begins nothing. */
  ready(): ReadySession | undefined;
  /** A new login by password, whatever there is. */
  renew(): Session;
  /** Responsys no longer knows this session; of no effect when another has taken its place. */
  forget(session: Session): void;
}

/** A login that was refused, as plain data: it is remembered beyond this process. */
export interface LoginRefusal {
  readonly kind: ResponsysErrorKind;
  readonly errorCode: string | null;
  readonly message: string;
}

/**
 * What every login by password is made through: it may keep logins apart, and throw the refusal of one that
 * was made before instead of making it again.
 */
export type LoginGuard = <Result>(attempt: () => Promise<Result>) => Promise<Result>;

/** Oracle's pages say two and three hours: renewed well before either. Source: reference §1.3. */
const renewAfterMs = 60 * 60_000;
/** A clock that differs from Responsys' must not make every call log in. */
const leastUseMs = 5 * 60_000;

export function openSessions(
  login: ResponsysLogin,
  allowHosts: readonly string[],
  exchange: Exchange,
  guard: LoginGuard = (attempt) => attempt(),
): Sessions {
  let session: (Session & { renewAtMs: number; known?: Token }) | undefined;
  let refused: Error | undefined;

  async function requestToken(
    base: string,
    form: Readonly<Record<string, string>>,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Token> {
    const { body } = await exchange({
      request: { api: 'Login', what: 'log in', method: 'POST', path: '/rest/api/v1.3/auth/token' },
      address: () => ({
        base,
        headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
      }),
      data: new URLSearchParams(form).toString(),
    });
    return readToken(body, allowHosts);
  }

  async function passwordLogin(): Promise<Token> {
    if (refused !== undefined) throw refused;
    const base = normaliseEndpointUri(login.endpointUri, allowHosts);
    const { username: user_name, password } = login;
    try {
      return await guard(() => requestToken(base, { user_name, password, auth_type: 'password' }));
    } catch (error) {
      if (error instanceof Error && refusalOfLogin(error) !== undefined) refused = error;
      throw error;
    }
  }

  async function refresh(old: Token): Promise<Token> {
    try {
      return await requestToken(old.endPoint, { auth_type: 'token' }, { authorization: old.authToken });
    } catch {
      // Whatever the refresh failed of, a login by password is the answer, or fails with the better reason.
      return passwordLogin();
    }
  }

  function begin(token: Promise<Token>): Session {
    const begun: NonNullable<typeof session> = { token, renewAtMs: Infinity };
    session = begun;
    token.then(
      (known) => {
        const { issuedAt } = known;
        const nowMs = Date.now();
        begun.known = known;
        begun.renewAtMs = Math.min(
          Math.max(issuedAt + renewAfterMs, nowMs + leastUseMs),
          nowMs + renewAfterMs,
        );
      },
      () => {
        if (session === begun) session = undefined;
      },
    );
    return begun;
  }

  return {
    current: () => {
      if (session === undefined) return begin(passwordLogin());
      return Date.now() < session.renewAtMs ? session : begin(session.token.then(refresh));
    },
    ready: () => (session?.known === undefined ? undefined : { session, token: session.known }),
    renew: () => begin(passwordLogin()),
    forget: (forgotten) => {
      if (session === forgotten) session = undefined;
    },
  };
}

/**
 * An explicit no, by a code or by 401, or an endPoint that must not be used, which another login would not
 * change. A gateway's bare 403 is none: the next try may well pass it.
 */
const isRefusal = ({ kind, errorCode, status }: ResponsysError): boolean =>
  (kind === 'login-refused' || kind === 'not-allowed' || kind === 'refused') &&
  (errorCode !== undefined || status === 401 || (kind === 'not-allowed' && status === undefined));

/** What there is to remember of a failed login; undefined where another try may well pass. */
export function refusalOfLogin(error: unknown): LoginRefusal | undefined {
  if (!(error instanceof ResponsysError) || !isRefusal(error)) return undefined;
  return { kind: error.kind, errorCode: error.errorCode ?? null, message: error.message };
}

/** The error that a remembered refusal means. */
export const errorOfRefusal = ({ kind, errorCode, message }: LoginRefusal): ResponsysError =>
  new ResponsysError(kind, message, { errorCode: errorCode ?? undefined, provesNothingSent: true });

function readToken(body: unknown, allowHosts: readonly string[]): Token {
  const { authToken, endPoint, issuedAt } = (
    typeof body === 'object' && body !== null ? body : {}
  ) as Readonly<Record<string, unknown>>;
  if (typeof authToken !== 'string' || authToken === '' || typeof endPoint !== 'string')
    throw new ResponsysError('service', 'Responsys answered the login without a token or an endPoint', {
      provesNothingSent: true,
    });
  return {
    authToken,
    endPoint: trustedEndPoint(endPoint, allowHosts),
    issuedAt: typeof issuedAt === 'number' ? issuedAt : Date.now(),
  };
}

/** The token is sent there from now on: it must be a host that the login itself could have gone to. */
function trustedEndPoint(endPoint: string, allowHosts: readonly string[]): string {
  try {
    return normaliseEndpointUri(endPoint, allowHosts);
  } catch (error) {
    if (!(error instanceof ExpectedError)) throw error;
    throw new ResponsysError(
      'not-allowed',
      'Responsys’ answer to the login names an endPoint that is neither Oracle’s over https nor among the allowed hosts; no token was sent there. Check the Endpoint URI',
      { provesNothingSent: true },
    );
  }
}
