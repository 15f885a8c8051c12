/**
 * The sandbox's own API below `/_sandbox/`, for tests and trials: faults, switches, and what the account now
 * holds. No part of Responsys.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import type { Config } from './config.ts';
import { generateFiles } from './events/generate.ts';
import { filesRequestSchema } from './events/request.ts';
import { Refused } from './errors.ts';
import { faultSchema } from './faults.ts';
import { jsonType, readBody, send, urlOf } from './http.ts';
import { callsPerMinute } from './limits.ts';
import { decodeName, functionNames } from './functions.ts';
import { campaignsOf } from './campaigns.ts';
import { tellMails } from './events/mails.ts';
import { mailFilesRequestSchema } from './events/request.ts';
import { countMails } from './outbox.ts';
import { sendMails, sendRows } from './rows-stream.ts';
import type { Sandbox } from './sandbox.ts';

type Reply = (sandbox: Sandbox, body: unknown, url: URL) => unknown;

const orders = z.preprocess((given) => [given].flat(), z.array(faultSchema));

const replies: Readonly<Record<string, Reply>> = {
  'GET faults': ({ faults }) => faults.waiting(),
  'POST faults': ({ faults }, body) => {
    faults.order(orders.parse(body));
    return faults.waiting();
  },
  'DELETE faults': ({ faults }) => {
    faults.clear();
    return faults.waiting();
  },
  'GET state': state,
  'GET config': ({ context }) => withoutPasswords(context.config()),
  'POST config': (sandbox, body) => withoutPasswords(sandbox.patchConfig(body)),
  'POST unlock': ({ context }, body) => {
    context.account.unlock(z.strictObject({ username: z.string().optional() }).parse(body ?? {}).username);
    return context.account.users();
  },
  'POST files': (sandbox, body) => generateFiles(sandbox, filesRequestSchema.parse(body ?? {})),
  'POST mail-files': (sandbox, body) => tellMails(sandbox, mailFilesRequestSchema.parse(body ?? {})),
  'POST reset': (sandbox) => {
    sandbox.reset();
    return state(sandbox);
  },
  'GET requests': ({ log }, _, url) => log.last(Number(url.searchParams.get('limit') ?? 100)),
};

export async function serveControl(
  sandbox: Sandbox,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await readBody(request);
  if (body === undefined) return;
  const url = urlOf(request);
  const [, , what = '', ...names] = url.pathname.split('/').map(decodeName);
  const answer = (status: number, value: unknown) =>
    send(response, { status, type: jsonType, text: JSON.stringify(value, undefined, 1) });
  try {
    if (request.method === 'GET' && (what === 'lists' || what === 'tables')) {
      const list = sandbox.context.catalog.list(names[0] ?? '');
      const rows = what === 'lists' ? list : sandbox.context.catalog.table(list, names[1] ?? '');
      await sendRows(sandbox.context.storage, rows.sql, response);
      return;
    }
    if (request.method === 'GET' && what === 'outbox' && names.length === 0) {
      await sendMails(sandbox.context.storage, response);
      return;
    }
    const reply = replies[`${request.method ?? ''} ${what}`];
    if (reply === undefined || names.length > 0) answer(404, { error: `There is no ${url.pathname}` });
    else
      answer(
        200,
        await reply(sandbox, body.length === 0 ? undefined : JSON.parse(body.toString('utf8')), url),
      );
  } catch (error) {
    const text = error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message;
    answer(error instanceof Refused ? error.status : 400, { error: text });
  }
}

function state({ context, faults, limits, log }: Sandbox): object {
  const { catalog, account, config } = context;
  return {
    account: config().account.name,
    users: account.users(),
    folders: catalog.folders().map(({ name }) => name),
    lists: [...catalog.lists.values()].map(({ name, folder, count, tables }) => ({
      name,
      folder,
      members: count,
      tables: [...tables.values()].map((table) => ({
        name: table.name,
        folder: table.folder,
        rows: table.count,
      })),
    })),
    campaigns: campaignsOf(context).map(({ id, name, list, type, purpose, status }) => ({
      ...{ id, name, list, type, purpose, status },
    })),
    mails: countMails(context.storage),
    limits: Object.fromEntries(functionNames.map((api) => [api, callsPerMinute(config(), api)])),
    callsThisMinute: limits.used(),
    requests: log.totals(),
    faults: faults.waiting(),
    underMaintenance: faults.underMaintenance(),
  };
}

function withoutPasswords(config: Config): object {
  const users = Object.entries(config.users).map(
    ([name, user]) => [name, { ...user, password: '…' }] as const,
  );
  return { ...config, users: Object.fromEntries(users) };
}
