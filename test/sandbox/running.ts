/**
 * The sandbox as a process of its own, for its tests, and calls to it over real HTTP. Limits are out of the
 * way unless a test sets them.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { FileServerFace } from '../../sandbox/file-server.ts';

const main = join(import.meta.dirname, '..', '..', 'sandbox', 'main.ts');

export interface Reply {
  readonly status: number;
  readonly correlationId: string | null;
  readonly type: string;
  readonly text: string;
  /** The parsed body; undefined where it is no JSON. */
  readonly json: unknown;
  readonly errorCode: string | undefined;
  readonly detail: string | undefined;
  /** `recordData.records`, where there are any. */
  readonly records: readonly (readonly string[])[];
}

export interface Running {
  readonly login: string;
  readonly api: string;
  readonly username: string;
  readonly password: string;
  readonly sftp: FileServerFace;
  readonly folder: string;
  /** A call with a token; it logs in before the first. The path goes below `/rest/api/v1.3`, unless it starts with /rest. */
  call(verb: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Reply>;
  /** A call of the control API. */
  control(verb: string, path: string, body?: unknown): Promise<Reply>;
  /** A login form, without a token. */
  token(form: Record<string, string>, origin?: string, headers?: Record<string, string>): Promise<Reply>;
  /** Everything as new, with these settings. */
  fresh(config?: object): Promise<void>;
  /** SIGTERM; the exit code. */
  stop(): Promise<number | null>;
  /** kill -9. */
  kill(): Promise<void>;
}

export const newFolder = (): string => mkdtempSync(join(tmpdir(), 'sandbox-test-'));
export const removeFolder = (folder: string): void => rmSync(folder, { recursive: true, force: true });

/** Starts a sandbox on free ports, on the folder's data. */
export async function startSandbox(folder = newFolder(), config: object = {}): Promise<Running> {
  const configFile = join(folder, 'config.json');
  writeFileSync(configFile, JSON.stringify({ limits: { '*': 1_000_000 }, ...config }));
  const child = spawn(
    process.execPath,
    [main, '--data', join(folder, 'data.sqlite'), '--config', configFile],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const exited = once(child, 'exit') as Promise<[number | null]>;
  const [line] = (await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    exited.then(([code]) => Promise.reject(new Error(`the sandbox ended with ${code} before it was ready`))),
  ])) as [string];
  const ready = JSON.parse(line) as Pick<Running, 'login' | 'api' | 'username' | 'password' | 'sftp'>;
  let authToken: string | undefined;

  const running: Running = {
    ...ready,
    folder,
    async call(verb, path, body, headers = {}) {
      authToken ??= await logIn(running);
      const url = `${ready.api}${path.startsWith('/rest') ? '' : '/rest/api/v1.3'}${path}`;
      return send(url, verb, body === undefined ? undefined : JSON.stringify(body), {
        authorization: authToken,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      });
    },
    control: (verb, path, body) =>
      send(`${ready.login}/_sandbox/${path}`, verb, body === undefined ? undefined : JSON.stringify(body)),
    token: (form, origin = ready.login, headers = {}) =>
      send(`${origin}/rest/api/v1.3/auth/token`, 'POST', new URLSearchParams(form).toString(), {
        'content-type': 'application/x-www-form-urlencoded',
        ...headers,
      }),
    async fresh(settings = {}) {
      authToken = undefined;
      await running.control('POST', 'reset');
      await running.control('POST', 'config', settings);
    },
    async stop() {
      child.kill('SIGTERM');
      return (await exited)[0];
    },
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
  return running;
}

async function logIn(running: Running): Promise<string> {
  const { username, password } = running;
  const { json } = await running.token({ user_name: username, password, auth_type: 'password' });
  return (json as { authToken: string }).authToken;
}

async function send(
  url: string,
  verb: string,
  body?: string,
  headers: Record<string, string> = {},
): Promise<Reply> {
  const response = await fetch(url, { method: verb, headers, ...(body === undefined ? {} : { body }) });
  const text = await response.text();
  const json = parse(text);
  const fields = (json ?? {}) as {
    errorCode?: string;
    detail?: string;
    recordData?: { records: string[][] };
  };
  return {
    status: response.status,
    correlationId: response.headers.get('x-correlationid'),
    type: response.headers.get('content-type') ?? '',
    text,
    json,
    errorCode: fields.errorCode,
    detail: fields.detail,
    records: fields.recordData?.records ?? [],
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export const members = '/lists/CONTACTS_LIST/members';
export const tables = '/lists/CONTACTS_LIST/listExtensions';

const rule = {
  htmlValue: 'H',
  textValue: 'T',
  optinValue: 'I',
  optoutValue: 'O',
  insertOnNoMatch: true,
  updateOnMatch: 'REPLACE_ALL',
  matchColumnName1: 'EMAIL_ADDRESS_',
  matchColumnName2: null,
  matchOperator: 'NONE',
  rejectRecordIfChannelEmpty: null,
  defaultPermissionStatus: 'OPTIN',
};

/** The body of a list merge. */
export const listMerge = (fieldNames: unknown, records: unknown, changes: object = {}): object => ({
  recordData: { fieldNames, records, mapTemplateName: null },
  mergeRule: { ...rule, ...changes },
});

/** The body of a table merge. */
export const tableMerge = (fieldNames: unknown, records: unknown, changes: object = {}): object => ({
  recordData: { fieldNames, records, mapTemplateName: null },
  insertOnNoMatch: true,
  updateOnMatch: 'REPLACE_ALL',
  matchColumnName1: 'EMAIL_ADDRESS',
  matchColumnName2: null,
  ...changes,
});

/** The body that makes a table. */
export const newTable = (
  objectName: string,
  fields: readonly (readonly [string, string])[],
  folder = 'Lytics',
) => ({
  profileExtension: { objectName, folderName: folder },
  fields: fields.map(([fieldName, fieldType]) => ({ fieldName, fieldType })),
});

/** One member's values of some fields, in their order; empty when there is no such member. */
export async function read(
  sandbox: Running,
  id: string,
  fields: readonly string[],
  path: string = members,
): Promise<readonly string[]> {
  const body = { queryAttribute: 'e', fieldList: fields, ids: [id] };
  return (await sandbox.call('POST', `${path}?action=get`, body)).records[0] ?? [];
}
