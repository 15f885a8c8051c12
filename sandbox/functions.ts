/**
 * The functions of the API that the sandbox speaks: name, verb, path and default limit, each once. Routing,
 * throttling, faults and `/rest/api/ratelimit` all read this table.
 * Names: "Login", "Retrieve Profile Lists", "Merge List Recipients" and "Retrieve List Recipients" are
 * Oracle's own (reference §5.1); the others follow the titles of Oracle's API description.
 * Limits: Oracle's sample and those observed by clients (reference §5.1); 200 is Oracle's default.
 */

export interface ApiFunction {
  readonly api: string;
  readonly verb: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  /** Where several functions share verb and path: the query parameter that selects this one. */
  readonly action?: 'get' | 'delete';
  /** Where they share these too: the key of the body that selects this one. */
  readonly key?: string;
  readonly callsPerMinute: number;
}

const v = '/rest/api/v1.3';
const members = `${v}/lists/{list}/members`;
const tables = `${v}/lists/{list}/listExtensions`;
const rows = `${tables}/{table}/members`;
const campaigns = `${v}/campaigns`;

export const functions = [
  { api: 'Login', verb: 'POST', path: `${v}/auth/token`, callsPerMinute: 10 },
  { api: 'Retrieve Rate Limits', verb: 'GET', path: '/rest/api/ratelimit', callsPerMinute: 200 },
  { api: 'Get User Information', verb: 'GET', path: `${v}/user/info`, callsPerMinute: 200 },
  { api: 'Get Endpoint URL', verb: 'GET', path: `${v}/settings/account/endpoint`, callsPerMinute: 200 },
  { api: 'Retrieve Account Folders', verb: 'GET', path: `${v}/folders`, callsPerMinute: 200 },
  { api: 'Create Folder', verb: 'POST', path: `${v}/folders`, callsPerMinute: 200 },
  { api: 'Retrieve Profile Lists', verb: 'GET', path: `${v}/lists`, callsPerMinute: 100 },
  { api: 'Retrieve Profile List Fields', verb: 'GET', path: `${v}/lists/{list}/fields`, callsPerMinute: 200 },
  { api: 'Retrieve List Recipients Count', verb: 'GET', path: `${members}/count`, callsPerMinute: 200 },
  { api: 'Merge List Recipients', verb: 'POST', path: members, callsPerMinute: 1000 },
  { api: 'Retrieve List Recipients', verb: 'POST', path: members, action: 'get', callsPerMinute: 100 },
  { api: 'Delete List Recipients', verb: 'POST', path: members, action: 'delete', callsPerMinute: 200 },
  { api: 'Retrieve List Recipient', verb: 'GET', path: members, callsPerMinute: 200 },
  { api: 'Delete List Recipient', verb: 'DELETE', path: members, callsPerMinute: 200 },
  { api: 'Retrieve List Recipient by RIID', verb: 'GET', path: `${members}/{riid}`, callsPerMinute: 200 },
  { api: 'Delete List Recipient by RIID', verb: 'DELETE', path: `${members}/{riid}`, callsPerMinute: 200 },
  { api: 'Retrieve Profile Extensions', verb: 'GET', path: tables, callsPerMinute: 1000 },
  { api: 'Create Profile Extension', verb: 'POST', path: tables, callsPerMinute: 10 },
  { api: 'Merge Profile Extension Recipients', verb: 'POST', path: rows, callsPerMinute: 1000 },
  {
    api: 'Retrieve Profile Extension Recipients',
    verb: 'POST',
    path: rows,
    action: 'get',
    callsPerMinute: 200,
  },
  {
    api: 'Delete Profile Extension Recipients',
    verb: 'POST',
    path: rows,
    action: 'delete',
    callsPerMinute: 200,
  },
  { api: 'Retrieve Profile Extension Recipient', verb: 'GET', path: rows, callsPerMinute: 200 },
  {
    api: 'Retrieve Profile Extension Recipient by RIID',
    verb: 'GET',
    path: `${rows}/{riid}`,
    callsPerMinute: 200,
  },
  {
    api: 'Delete Profile Extension Recipient by RIID',
    verb: 'DELETE',
    path: `${rows}/{riid}`,
    callsPerMinute: 200,
  },
  { api: 'Fetch All Campaigns', verb: 'GET', path: campaigns, callsPerMinute: 200 },
  { api: 'Fetch A Campaign', verb: 'GET', path: `${campaigns}/{campaign}`, callsPerMinute: 200 },
  {
    api: 'Retrieve Campaign Data Sources',
    verb: 'GET',
    path: `${campaigns}/{campaign}/attributes/dataSources`,
    callsPerMinute: 200,
  },
  {
    api: 'Merge Trigger Email',
    verb: 'POST',
    path: `${campaigns}/{campaign}/email`,
    key: 'mergeTriggerRecordData',
    callsPerMinute: 200,
  },
  {
    api: 'Trigger Email Message',
    verb: 'POST',
    path: `${campaigns}/{campaign}/email`,
    callsPerMinute: 200,
  },
] as const satisfies readonly ApiFunction[];

export type FunctionName = (typeof functions)[number]['api'];

export const functionNames = functions.map((entry) => entry.api) as readonly FunctionName[];

export interface Matched {
  readonly api: FunctionName;
  /** The names in the path, decoded. */
  readonly names: Readonly<Record<string, string>>;
}

const patterns = functions.map((entry: ApiFunction & { api: FunctionName }) => ({
  api: entry.api,
  verb: entry.verb,
  action: entry.action ?? null,
  key: entry.key,
  pattern: new RegExp(`^${entry.path.replaceAll('.', '\\.').replace(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`),
}));

/**
 * The function that a request calls; undefined where Responsys knows none. `count` is no RIID, and a stray
 * `action` is never taken for a merge.
 */
export function matchFunction(
  verb: string,
  path: string,
  action: string | null,
  body: Buffer,
): Matched | undefined {
  for (const entry of patterns) {
    if (entry.verb !== verb || entry.action !== action) continue;
    if (entry.key !== undefined && !body.includes(`"${entry.key}"`)) continue;
    const match = entry.pattern.exec(path);
    if (match === null) continue;
    const names = Object.entries(match.groups ?? {}).map(([name, text]) => [name, decodeName(text)]);
    return { api: entry.api, names: Object.fromEntries(names) as Record<string, string> };
  }
  return undefined;
}

/** A name of a path, decoded; as it is where its escapes are malformed. */
export function decodeName(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
