/**
 * Calls to one account: one login shared by all of them, renewed before it ends and once more when Responsys
 * no longer knows it. A refused login is not tried again, since repetition locks the user.
 */
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import axios from 'axios';
import { asciiJson } from './body.ts';
import { normaliseEndpointUri } from './endpoint.ts';
import { ResponsysError, errorOfAnswer, errorOfNetwork } from './errors.ts';
import type { ResponsysFunction } from './functions.ts';
import type { Governor } from './limiter.ts';

export interface ResponsysLogin {
  readonly endpointUri: string;
  readonly username: string;
  readonly password: string;
}

export interface CallLog {
  readonly api: ResponsysFunction;
  readonly what: string;
  readonly status: number;
  readonly errorCode?: string;
  readonly correlationId?: string;
  readonly ms: number;
}

export interface ConnectionOptions {
  readonly login: ResponsysLogin;
  /** `host:port` besides Oracle's that may be sent the login. */
  readonly allowHosts: readonly string[];
  readonly governor: Governor;
  readonly log: (call: CallLog) => void;
  /** For one call; 60,000 unless given. */
  readonly timeoutMs?: number;
}

export interface Request {
  readonly api: ResponsysFunction;
  /** In the reader's words, after "to": "merge into the list X". */
  readonly what: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: unknown;
}

export interface Answer {
  readonly body: unknown;
  readonly status: number;
  readonly correlationId: string | undefined;
  readonly ms: number;
}

export interface Token {
  readonly authToken: string;
  readonly endPoint: string;
  /** Milliseconds since 1970, by Responsys' clock. */
  readonly issuedAt: number;
}

export interface Connection {
  call(request: Request, signal?: AbortSignal): Promise<Answer>;
  logIn(signal?: AbortSignal): Promise<Token>;
}

const tokenPath = '/rest/api/v1.3/auth/token';
/** Oracle's pages say two and three hours: renewed well before either. Source: reference §1.3. */
const renewAfterMs = 60 * 60_000;

export function openConnection(options: ConnectionOptions): Connection {
  const http = axios.create({
    timeout: options.timeoutMs ?? 60_000,
    httpAgent: new HttpAgent({ keepAlive: true }),
    httpsAgent: new HttpsAgent({ keepAlive: true, minVersion: 'TLSv1.2' }),
    maxRedirects: 0,
    maxBodyLength: Infinity,
    validateStatus: () => true,
    // A body that is no JSON is an answer of a gateway, to be classified, not an exception.
    transformResponse: [(text: string): unknown => parseOr(text)],
  });
  let token: { readonly value: Promise<Token>; readonly madeAtMs: number } | undefined;
  let refused: ResponsysError | undefined;

  async function exchange(
    request: Request,
    base: string,
    headers: Readonly<Record<string, string>>,
    data: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Answer> {
    return options.governor.run(
      request.api,
      async () => {
        const startedMs = performance.now();
        const finish = (status: number, errorCode?: string, correlationId?: string): number => {
          const ms = Math.round(performance.now() - startedMs);
          const { api, what } = request;
          options.log({
            api,
            what,
            status,
            ms,
            ...(errorCode === undefined ? {} : { errorCode }),
            ...(correlationId === undefined ? {} : { correlationId }),
          });
          return ms;
        };
        try {
          const answer = await http.request<unknown>({
            method: request.method,
            url: base + request.path,
            headers,
            ...(data === undefined ? {} : { data }),
            ...(signal === undefined ? {} : { signal }),
          });
          const correlation: unknown = answer.headers['x-correlationid'];
          const correlationId = typeof correlation === 'string' ? correlation : undefined;
          const { status, data: body } = answer;
          if (status < 200 || status >= 300) {
            const error = errorOfAnswer(request, { status, body, correlationId });
            finish(status, error.errorCode, correlationId);
            throw error;
          }
          return { body, status, correlationId, ms: finish(status, undefined, correlationId) };
        } catch (error) {
          if (error instanceof ResponsysError) throw error;
          signal?.throwIfAborted();
          const code = axios.isAxiosError(error) && error.code !== undefined ? error.code : 'NO_ANSWER';
          finish(0, code);
          throw errorOfNetwork(request, code, new URL(base).host);
        }
      },
      signal,
    );
  }

  async function requestToken(
    base: string,
    form: Readonly<Record<string, string>>,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal | undefined,
  ): Promise<Token> {
    const request = { api: 'Login', what: 'log in', method: 'POST', path: tokenPath } as const;
    const data = new URLSearchParams(form).toString();
    const answer = await exchange(
      request,
      base,
      { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
      data,
      signal,
    );
    return readToken(answer.body, options.allowHosts);
  }

  async function passwordLogin(signal?: AbortSignal): Promise<Token> {
    if (refused !== undefined) throw refused;
    const base = normaliseEndpointUri(options.login.endpointUri, options.allowHosts);
    const { username: user_name, password } = options.login;
    try {
      return await requestToken(base, { user_name, password, auth_type: 'password' }, {}, signal);
    } catch (error) {
      if (error instanceof ResponsysError && (error.kind === 'login-refused' || error.kind === 'not-allowed'))
        refused = error;
      throw error;
    }
  }

  async function refresh(old: Token, signal?: AbortSignal): Promise<Token> {
    try {
      return await requestToken(
        old.endPoint,
        { auth_type: 'token' },
        { authorization: old.authToken },
        signal,
      );
    } catch {
      return passwordLogin(signal);
    }
  }

  /** One login at a time, whoever asks. The signal of the first to ask does not end the others' login. */
  function currentToken(): Promise<Token> {
    const present = token;
    if (present !== undefined && Date.now() - present.madeAtMs < renewAfterMs) return present.value;
    const value =
      present === undefined
        ? passwordLogin()
        : present.value.then(
            (old) => refresh(old),
            () => passwordLogin(),
          );
    token = { value, madeAtMs: Date.now() };
    value.catch(() => {
      if (token?.value === value) token = undefined;
    });
    return value;
  }

  async function callWith(
    current: Token,
    request: Request,
    signal: AbortSignal | undefined,
  ): Promise<Answer> {
    const hasBody = request.body !== undefined;
    return exchange(
      request,
      current.endPoint,
      { authorization: current.authToken, ...(hasBody ? { 'content-type': 'application/json' } : {}) },
      hasBody ? asciiJson(request.body) : undefined,
      signal,
    );
  }

  return {
    logIn: (signal) => passwordLogin(signal),
    call: async (request, signal) => {
      const current = await currentToken();
      try {
        return await callWith(current, request, signal);
      } catch (error) {
        if (!(error instanceof ResponsysError) || error.kind !== 'token') throw error;
        // Others may have noticed first: the login is made anew once for all of them.
        const known = token === undefined ? undefined : await token.value.catch(() => undefined);
        if (known?.authToken === current.authToken) token = undefined;
        return callWith(await currentToken(), request, signal);
      }
    },
  };
}

function parseOr(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function readToken(body: unknown, allowHosts: readonly string[]): Token {
  const { authToken, endPoint, issuedAt } = (
    typeof body === 'object' && body !== null ? body : {}
  ) as Readonly<Record<string, unknown>>;
  if (typeof authToken !== 'string' || typeof endPoint !== 'string')
    throw new ResponsysError('service', 'Responsys answered the login without a token or an endPoint');
  return {
    authToken,
    // The token is sent there from now on: it must be a host that the login itself could have gone to.
    endPoint: normaliseEndpointUri(endPoint, allowHosts),
    issuedAt: typeof issuedAt === 'number' ? issuedAt : Date.now(),
  };
}
