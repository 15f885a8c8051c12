/**
 * The sandbox, but for the list NEWSLETTER_LIST: merges into it, and into its tables, are answered in their
 * true form without being kept, so that a measurement is not one of the sandbox. The latency that is set for
 * the sandbox holds for both.
 */
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { serveApi } from '../sandbox/api.ts';
import type { Port } from '../sandbox/api.ts';
import { serveControl } from '../sandbox/control.ts';
import { startFileServer } from '../sandbox/file-server.ts';
import { jsonType, readBody, send } from '../sandbox/http.ts';
import { openSandbox } from '../sandbox/sandbox.ts';

const { values: flags } = parseArgs({
  options: {
    data: { type: 'string', default: '' },
    port: { type: 'string', default: '0' },
    'sftp-port': { type: 'string', default: '0' },
  },
});
const sandbox = openSandbox({ data: flags.data, config: {} });
const quickMerge = /^\/rest\/api\/v1\.3\/lists\/NEWSLETTER_LIST\/(listExtensions\/[^/]+\/)?members$/;
const merge = z.looseObject({
  recordData: z.looseObject({ records: z.array(z.array(z.string())) }),
});
let lastRiid = 0;

async function answerMerge(
  isTable: boolean,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await readBody(request);
  if (body === undefined) return;
  const { recordData, ...rest } = merge.parse(JSON.parse(body.toString()));
  const { latencyMs } = sandbox.context.config();
  const ms = latencyMs[isTable ? 'Merge Profile Extension Recipients' : 'Merge List Recipients'] ?? 0;
  if (ms > 0) await sleep(ms);
  const records = recordData.records.map(([riid = '']) => [isTable ? riid : String(++lastRiid)]);
  const text = JSON.stringify({
    recordData: { fieldNames: ['RIID_'], records, mapTemplateName: null },
    ...rest,
  });
  send(response, { status: 200, type: jsonType, text });
}

function serve(port: Port, request: IncomingMessage, response: ServerResponse): void {
  const quick = request.method === 'POST' ? quickMerge.exec(request.url ?? '') : null;
  if (quick !== null) void answerMerge(quick[1] !== undefined, request, response);
  else if (request.url?.startsWith('/_sandbox/') === true) void serveControl(sandbox, request, response);
  else void serveApi(sandbox, port, request, response);
}

async function listen(port: Port, at: number): Promise<{ readonly server: Server; readonly origin: string }> {
  const server = createServer({ keepAliveTimeout: 65_000 }, (request, response) =>
    serve(port, request, response),
  );
  await new Promise<void>((resolve) => server.listen(at, '127.0.0.1', resolve));
  return { server, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const api = await listen('api', 0);
sandbox.listensAt(api.origin);
const login = await listen('login', Number(flags.port));
const { data } = flags;
const files = await startFileServer(sandbox, { data, host: '127.0.0.1', port: Number(flags['sftp-port']) });
process.on('SIGTERM', () => {
  for (const { server } of [api, login]) server.closeAllConnections();
  void files.stop().then(() => sandbox.close().then(() => process.exit(0)));
});
const [username = '', user] = Object.entries(sandbox.context.config().users)[0] ?? [];
process.stdout.write(
  `${JSON.stringify({ ready: true, login: login.origin, api: api.origin, page: `${login.origin}/`, username, password: user?.password, sftp: files.face })}\n`,
);
