/**
 * One API request from its first byte to its last: faults, token, limit, handler, envelope, log. The work
 * itself is synchronous and one transaction; only faults and latency wait.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Refused } from './errors.ts';
import type { Fault } from './faults.ts';
import { matchFunction } from './functions.ts';
import type { FunctionName, Matched } from './functions.ts';
import { hasType, jsonType, readBody, send, urlOf } from './http.ts';
import type { Sent } from './http.ts';
import { limitExceeded } from './limits.ts';
import { logIn } from './login.ts';
import type { LoggedRequest } from './request-log.ts';
import { handlers } from './routes.ts';
import type { Sandbox } from './sandbox.ts';

/** Which of the two ports a request came in on. */
export type Port = 'login' | 'api';

interface Work {
  readonly body: unknown;
  readonly username?: string;
  readonly rows?: number;
  readonly failed?: number;
}

/** What a request is answered: a text, or nothing, the connection being reset. */
type Outcome = Omit<Sent, 'headers'> | 'dropped';

/** What becomes known of a request on its way. */
type Noted = { -readonly [Key in keyof LoggedRequest]?: LoggedRequest[Key] };

export async function serveApi(
  sandbox: Sandbox,
  port: Port,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const startedMs = performance.now();
  const time = new Date().toISOString();
  const correlationId = randomUUID();
  const verb = request.method ?? '';
  const noted: Noted = {};
  const outcome = await answerOf(sandbox, port, request, noted);
  const status = outcome === 'dropped' ? 0 : outcome.status;
  const ms = Math.round((performance.now() - startedMs) * 10) / 10;
  sandbox.log.add({ time, verb, ...noted, status, correlationId, ms });
  if (outcome === 'dropped') request.socket.resetAndDestroy();
  else send(response, { ...outcome, headers: { 'X-CorrelationID': correlationId } });
}

async function answerOf(
  sandbox: Sandbox,
  port: Port,
  request: IncomingMessage,
  noted: Noted,
): Promise<Outcome> {
  const body = await readBody(request);
  if (body === undefined) return 'dropped';
  try {
    const url = urlOf(request);
    const call = known(sandbox, port, request.method ?? '', url, body);
    noted.function = call.api;
    const object = call.names['table'] ?? call.names['list'] ?? call.names['campaign'];
    if (object !== undefined) noted.object = object;
    const met = sandbox.faults.meet(call.api, Object.values(call.names));
    if (met.length > 0) noted.fault = met.map(({ kind }) => kind).join(' ');
    const meets = (kind: Fault['kind']) => met.some((fault) => fault.kind === kind);

    await delay(sandbox, call.api, met);
    if (meets('reset-before')) return 'dropped';
    if (meets('non-json')) return badGateway;
    refuseByFault(sandbox, call.api, met);
    const work = run(sandbox, port, call, url, request, body);
    if (work.username !== undefined) noted.user = work.username;
    if (work.rows !== undefined) noted.rows = work.rows;
    if (work.failed !== undefined && work.failed > 0) noted.failed = work.failed;
    const laterMs = met.filter(({ kind }) => kind === 'delay-after').reduce((sum, { ms }) => sum + ms, 0);
    if (laterMs > 0) await sleep(laterMs);
    return meets('reset-after')
      ? 'dropped'
      : { status: 200, type: jsonType, text: JSON.stringify(work.body) };
  } catch (error) {
    const refused = error instanceof Refused ? error : unexpected(error);
    noted.errorCode = refused.code;
    const { status, bareText } = refused;
    if (bareText !== undefined) return { status, type: 'text/plain', text: bareText };
    return { status, type: jsonType, text: JSON.stringify(refused.envelope()) };
  }
}

const badGateway: Outcome = {
  status: 502,
  type: 'text/html',
  text: '<html><body><h1>502 Bad Gateway</h1></body></html>',
};

/** The function that is called. The login port knows logins only. */
function known(sandbox: Sandbox, port: Port, verb: string, url: URL, body: Buffer): Matched {
  if (sandbox.faults.underMaintenance())
    throw new Refused('SERVICE_UNAVAILABLE', 'The service is under maintenance');
  const matched = matchFunction(verb, url.pathname, url.searchParams.get('action'), body);
  if (matched === undefined || (port === 'login' && matched.api !== 'Login'))
    throw new Refused('RESOURCE_NOT_FOUND', `The resource ${verb} ${url.pathname} is not found`);
  return matched;
}

function unexpected(error: unknown): Refused {
  process.stderr.write(
    `The sandbox failed: ${error instanceof Error ? String(error.stack) : String(error)}\n`,
  );
  return new Refused('UNEXPECTED_EXCEPTION', 'The sandbox failed: see its error output');
}

async function delay(sandbox: Sandbox, api: FunctionName, met: readonly Fault[]): Promise<void> {
  const { latencyMs } = sandbox.context.config();
  const faults = met.filter(({ kind }) => kind === 'latency').reduce((sum, { ms }) => sum + ms, 0);
  const ms = (latencyMs[api] ?? latencyMs['*'] ?? 0) + faults;
  if (ms > 0) await sleep(ms);
}

function refuseByFault(sandbox: Sandbox, api: FunctionName, met: readonly Fault[]): void {
  for (const { kind } of met) {
    if (kind === 'token-loss') sandbox.context.account.forgetTokens();
    if (kind === 'throttle') throw limitExceeded(sandbox.context.config(), api);
    if (kind === 'status-500') throw new Refused('UNEXPECTED_EXCEPTION', 'An unexpected exception occurred');
    if (kind === 'capacity')
      throw new Refused('INTERNAL_CAPACITY_LIMIT_EXCEEDED', 'The internal capacity limit is exceeded');
  }
}

function run(
  sandbox: Sandbox,
  port: Port,
  { api, names }: Matched,
  url: URL,
  request: IncomingMessage,
  body: Buffer,
): Work {
  if (api === 'Login') return logIn(sandbox, request, body, port === 'login');
  const { context, limits } = sandbox;
  const token = request.headers.authorization;
  // Source: reference §1.7: this one answers 500 for a bad token.
  const username =
    api === 'Retrieve Rate Limits' ? context.account.authorize(token, 500) : context.account.authorize(token);
  if (context.config().users[username]?.disabledFunctions.includes(api) === true)
    throw new Refused('API_DISABLED_FOR_USER', `The API function ${api} is disabled for the user`);
  limits.take(api);
  const json = request.method === 'POST' ? readJson(request, body) : undefined;
  const call = { names, query: url.searchParams, body: json, raw: body, username };
  return { username, ...handlers[api](context, call) };
}

function readJson(request: IncomingMessage, body: Buffer): unknown {
  if (!hasType(request, 'application/json'))
    throw new Refused('INVALID_REQUEST_CONTENT', 'The content type must be application/json');
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw new Refused('INVALID_REQUEST_CONTENT', 'The request is not valid JSON');
  }
}
