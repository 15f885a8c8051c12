/** A Responsys of a few lines over real HTTP: it answers what a test says, and remembers what it was asked. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after } from 'node:test';
import { connectResponsys } from '../../../systems/responsys/index.ts';
import type { Responsys } from '../../../systems/responsys/index.ts';
import { ungoverned } from './ungoverned.ts';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly text: string;
  /** Fields of a form, or the parsed JSON. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** `undefined` resets the connection. A string is sent as it is. */
export type Reply =
  { readonly status?: number; readonly body: unknown; readonly headers?: Record<string, string> } | undefined;

export interface Stub {
  readonly origin: string;
  readonly host: string;
  readonly asked: Asked[];
  readonly logins: () => readonly Asked[];
  readonly log: Readonly<Record<string, unknown>>[];
  readonly responsys: Responsys;
}

export const refusal = (status: number, errorCode: string, detail = '', title = ''): Reply => ({
  status,
  body: { type: '', title, errorCode, detail, errorDetails: [] },
});

export const records = (fieldNames: readonly string[], rows: readonly (readonly unknown[])[]): Reply => ({
  body: { recordData: { fieldNames, records: rows, mapTemplateName: null } },
});

export const tokenPath = '/rest/api/v1.3/auth/token';

/** Rows of a merge, as they were asked for. */
export const rowsOf = (asked: Asked): readonly (readonly string[])[] =>
  (asked.body['recordData'] as { records: string[][] }).records;

/**
 * @param answer to all but logins
 * @param login instead of a good login
 * @param governor that lets calls go at once, unless given
 */
export async function startStub(
  answer: (asked: Asked, stub: Stub) => Reply,
  login?: (asked: Asked, stub: Stub) => Reply,
  allowHosts: readonly string[] = [],
  governor = ungoverned,
): Promise<Stub> {
  const asked: Asked[] = [];
  let tokens = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      const isForm = request.headers['content-type'] === 'application/x-www-form-urlencoded';
      const body = (
        isForm ? Object.fromEntries(new URLSearchParams(text)) : JSON.parse(text === '' ? '{}' : text)
      ) as Asked['body'];
      const { method = '', url: path = '' } = request;
      const one: Asked = { method, path, authorization: request.headers.authorization, text, body };
      asked.push(one);
      const good = (): Reply => {
        tokens += 1;
        return { body: { authToken: `token-${tokens}`, issuedAt: Date.now(), endPoint: stub.origin } };
      };
      const reply = path === tokenPath ? (login ?? good)(one, stub) : answer(one, stub);
      if (reply === undefined) return void request.socket.destroy();
      const sent = typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body);
      response.writeHead(reply.status ?? 200, { 'X-CorrelationID': 'c-1', ...reply.headers }).end(sent);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const log: Readonly<Record<string, unknown>>[] = [];
  const stub: Stub = {
    origin: `http://${host}`,
    host,
    asked,
    log,
    logins: () => asked.filter(({ path }) => path === tokenPath),
    responsys: connectResponsys({
      login: { endpointUri: `http://${host}/`, username: 'ann&co', password: 'p+ä %&=' },
      allowHosts: [host, ...allowHosts],
      governor,
      log: (call) => void log.push({ ...call }),
      timeoutMs: 5_000,
    }),
  };
  return stub;
}
