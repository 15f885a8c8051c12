/**
 * The sandbox's two ports: the login port (logins, the control API, the page) and the API port, which logins
 * are told as `endPoint`. An API call on the login port is not found, so that a client which ignores
 * `endPoint` shows.
 */
import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serveApi } from './api.ts';
import { serveControl } from './control.ts';
import { send } from './http.ts';
import { page } from './page.ts';
import type { Sandbox } from './sandbox.ts';

/** How long requests in work may take to end when the sandbox stops. */
const stopMs = 2000;

export interface Listening {
  /** Origins, as `http://127.0.0.1:40123`. */
  readonly login: string;
  readonly api: string;
  stop(): Promise<void>;
}

export interface Ports {
  readonly host: string;
  /** 0: any free one. */
  readonly loginPort: number;
  readonly apiPort: number;
}

/** @throws Error when a port is taken */
export async function listen(sandbox: Sandbox, { host, loginPort, apiPort }: Ports): Promise<Listening> {
  const api = await open(
    host,
    apiPort,
    (request, response) => void serveApi(sandbox, 'api', request, response),
  );
  sandbox.listensAt(api.origin);
  const login = await open(host, loginPort, (request, response) => {
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    if (path.startsWith('/_sandbox/')) void serveControl(sandbox, request, response);
    else if (path === '/' && request.method === 'GET')
      send(response, { status: 200, type: 'text/html;charset=UTF-8', text: page(sandbox) });
    else void serveApi(sandbox, 'login', request, response);
  });
  return {
    login: login.origin,
    api: api.origin,
    async stop() {
      await Promise.all([stop(login.server), stop(api.server)]);
    },
  };
}

async function open(host: string, port: number, listener: RequestListener) {
  const server = createServer({ keepAliveTimeout: 65_000 }, listener);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const { port: chosen } = server.address() as AddressInfo;
  const shown = host.includes(':') ? `[${host}]` : host;
  return { server, origin: `http://${shown}:${chosen}` };
}

async function stop(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), stopMs);
  await closed;
  clearTimeout(timer);
}
