/**
 * One HTTP exchange with Responsys: waits for its turn, is logged without any value, and ends with an answer
 * or a ResponsysError. Nothing here knows of tokens.
 */
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import axios from 'axios';
import { maxCallMs } from '../../jobs/limits.ts';
import { ResponsysError, errorOfAnswer, errorOfNetwork } from './errors.ts';
import type { Call } from './errors.ts';
import type { ResponsysFunction } from './functions.ts';
import type { Caller, Governor } from './governor.ts';

/** Of each call, for the operator. No cell, no token, no words of Responsys. */
export interface CallLog {
  readonly api: ResponsysFunction;
  /** With the name of the list or table. */
  readonly what: string;
  /** 0 where there was no answer. */
  readonly status: number;
  readonly errorCode?: string;
  readonly correlationId?: string;
  readonly ms: number;
  /** Rows that the call carried. */
  readonly rows?: number;
  /** 2 for the call that is made again after a new login. */
  readonly attempt: number;
}

export interface TransportOptions {
  readonly governor: Governor;
  readonly log: (call: CallLog) => void;
  /** For one call, from its start to the end of its answer; `maxCallMs` unless a test is in a hurry. */
  readonly timeoutMs?: number;
}

export interface Request extends Call {
  readonly api: ResponsysFunction;
  readonly path: string;
  readonly body?: unknown;
  /** For the log. */
  readonly rows?: number;
  /** Who calls; nobody's job, live, unless given. */
  readonly caller?: Caller;
  /**
   * Of a call that must not be made twice: told when its turn has come, before anything of it leaves. It goes
   * over a connection of its own: one kept open may have gone stale, and its reset would leave a doubt.
   */
  readonly begins?: () => void;
}

export interface Answer {
  readonly body: unknown;
  readonly status: number;
  readonly correlationId: string | undefined;
  readonly ms: number;
}

/** Where a request goes, and what it says of who sends it. */
export interface Address {
  /** The origin. */
  readonly base: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A request with all that goes over the line. */
export interface Sending {
  readonly request: Request;
  /** Asked for when the request's turn has come, which may be minutes after it was made. */
  readonly address: () => Address;
  readonly data?: string | undefined;
  readonly attempt?: number;
}

/** @throws ResponsysError, or the signal's reason */
export type Exchange = (sending: Sending, signal?: AbortSignal) => Promise<Answer>;

export function openTransport({ governor, log, timeoutMs = maxCallMs }: TransportOptions): Exchange {
  const agents = (keepAlive: boolean) => ({
    httpAgent: new HttpAgent({ keepAlive }),
    httpsAgent: new HttpsAgent({ keepAlive, minVersion: 'TLSv1.2' }),
  });
  const fresh = agents(false);
  const http = axios.create({
    ...agents(true),
    // The token goes to the host that was checked and to no other.
    maxRedirects: 0,
    maxBodyLength: Infinity,
    validateStatus: () => true,
    // A body is text already; left to itself, axios parses JSON to see whether it is some.
    transformRequest: [(text: string | undefined) => text],
    // A body that is no JSON is an answer of a gateway, to be classified, not an exception.
    transformResponse: [(text: string): unknown => parseOr(text)],
  });

  async function exchange(
    { request, address, data, attempt = 1 }: Sending,
    signal: AbortSignal | undefined,
  ): Promise<Answer> {
    const { base, headers } = address();
    const startedMs = performance.now();
    const elapsedMs = (): number => Math.round(performance.now() - startedMs);
    const note = (status: number, ms: number, errorCode?: string, correlationId?: string): void => {
      const { api, what, rows } = request;
      log({
        api,
        what,
        status,
        ms,
        attempt,
        ...(rows === undefined ? {} : { rows }),
        ...(errorCode === undefined ? {} : { errorCode }),
        ...(correlationId === undefined ? {} : { correlationId }),
      });
    };
    // axios' own time-out counts silence: an answer that drips would never end.
    const deadline = AbortSignal.timeout(timeoutMs);
    let answer;
    request.begins?.();
    try {
      answer = await http.request<unknown>({
        method: request.method,
        url: base + request.path,
        headers,
        ...(data === undefined ? {} : { data }),
        ...(request.begins === undefined ? {} : fresh),
        signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline]),
      });
    } catch (error) {
      signal?.throwIfAborted();
      const given = axios.isAxiosError(error) && error.code !== undefined ? error.code : 'NO_ANSWER';
      const code = deadline.aborted ? 'ETIMEDOUT' : given;
      const failure = errorOfNetwork(request, code, new URL(base).host, elapsedMs());
      note(0, failure.ms, code);
      throw failure;
    }
    const { status, data: body } = answer;
    const correlationId = readCorrelationId(answer.headers['x-correlationid']);
    const ms = elapsedMs();
    if (status >= 200 && status < 300) {
      note(status, ms, undefined, correlationId);
      return { body, status, correlationId, ms };
    }
    const failure = errorOfAnswer(request, { status, body, correlationId, ms });
    note(status, ms, failure.errorCode, correlationId);
    throw failure;
  }

  return async (sending, signal) =>
    governor.run(
      sending.request.api,
      sending.request.caller ?? { lane: 'live' },
      () => exchange(sending, signal),
      signal,
    );
}

/** It goes into logs and messages: anything but an id is dropped. */
const readCorrelationId = (header: unknown): string | undefined =>
  typeof header === 'string' && /^[\w.:-]{1,128}$/.test(header) ? header : undefined;

function parseOr(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** The fault of a good answer whose form is not the documented one. */
export const formError = (message: string): ResponsysError => new ResponsysError('service', message);
