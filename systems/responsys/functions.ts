/**
 * The functions that Responsys limits by the minute, as `api` of /rest/api/ratelimit names them, and what is
 * assumed of each until the account has been asked. Only some names are public (Login, Retrieve Profile Lists,
 * Merge List Recipients): the others are ours or titles of Oracle's API description, so that an account's are found by verb and path as well.
 * Source: reference §5.1: Oracle's sample (login 10, lists 100, merge 1000); create PET 10 as another client
 * saw it at customers; the others are below Oracle's default for high volume, 200, or as the merge of lists.
 */
import type { AccountFunction } from './budget.ts';

interface LimitedFunction {
  readonly callsPerMinute: number;
  readonly verb: 'GET' | 'POST';
  /** Of the path, without version; `*` stands for a name. */
  readonly path: string;
  /** Where several functions share verb and path: what the query selects this one by. */
  readonly action?: 'get';
}

const functions = {
  Login: { callsPerMinute: 10, verb: 'POST', path: 'auth/token' },
  'Retrieve User Info': { callsPerMinute: 100, verb: 'GET', path: 'user/info' },
  'Retrieve Rate Limits': { callsPerMinute: 100, verb: 'GET', path: 'ratelimit' },
  'Retrieve Profile Lists': { callsPerMinute: 100, verb: 'GET', path: 'lists' },
  'Retrieve Profile List Fields': { callsPerMinute: 100, verb: 'GET', path: 'lists/*/fields' },
  'Retrieve Profile Extension Tables': { callsPerMinute: 100, verb: 'GET', path: 'lists/*/listExtensions' },
  'Create Profile Extension Table': { callsPerMinute: 10, verb: 'POST', path: 'lists/*/listExtensions' },
  'Merge List Recipients': { callsPerMinute: 1000, verb: 'POST', path: 'lists/*/members' },
  'Retrieve List Recipients': { callsPerMinute: 100, verb: 'POST', path: 'lists/*/members', action: 'get' },
  'Retrieve Profile Extension Recipients': {
    callsPerMinute: 100,
    verb: 'POST',
    path: 'lists/*/listExtensions/*/members',
    action: 'get',
  },
  'Merge Profile Extension Recipients': {
    callsPerMinute: 1000,
    verb: 'POST',
    path: 'lists/*/listExtensions/*/members',
  },
  'Fetch All Campaigns': { callsPerMinute: 100, verb: 'GET', path: 'campaigns' },
  'Fetch A Campaign': { callsPerMinute: 100, verb: 'GET', path: 'campaigns/*' },
  'Retrieve Campaign Data Sources': {
    callsPerMinute: 100,
    verb: 'GET',
    path: 'campaigns/*/attributes/dataSources',
  },
  'Trigger Email Message': { callsPerMinute: 200, verb: 'POST', path: 'campaigns/*/email' },
} as const satisfies Readonly<Record<string, LimitedFunction>>;

export type ResponsysFunction = keyof typeof functions;

/** Calls a minute of the whole account, where it has not been asked. */
export const assumedCallsPerMinute = (api: ResponsysFunction): number => functions[api].callsPerMinute;

const letters = (name: string): string => name.toLowerCase().replace(/[^a-z]/g, '');

/** The part of a path that tells functions apart, with `*` for each name in it. */
const shape = (path: string): string =>
  path
    .replace(/[?#].*$/, '')
    .replace(/^.*?\/?rest\/api\//i, '')
    .replace(/^\/?v\d+(\.\d+)*\//i, '')
    .replace(/^\/|\/$/g, '')
    .replace(/\{[^/]*\}|<[^/]*>|:[^/]+/g, '*')
    .toLowerCase();

interface NamedLimit {
  readonly api: string;
  readonly limit: number;
  readonly resourcePath: string;
  readonly verb: string;
}

/**
 * Which of an account's limits is a function's. Names win over paths: several functions share verb and path
 * (`?action=get`), and the smallest of those is taken then.
 */
function limitOf(api: ResponsysFunction, limits: readonly NamedLimit[]): NamedLimit | undefined {
  const { verb, path, action }: LimitedFunction = functions[api];
  const usable = limits.filter(({ limit }) => Number.isInteger(limit) && limit > 0);
  const named = usable.filter((one) => letters(one.api) === letters(api));
  const placed = usable.filter(
    (one) =>
      one.verb.toUpperCase() === verb &&
      shape(one.resourcePath) === path.toLowerCase() &&
      /[?&]action=(\w+)/i.exec(one.resourcePath)?.[1]?.toLowerCase() === action,
  );
  return (named.length > 0 ? named : placed).sort((a, b) => a.limit - b.limit)[0];
}

/** An account's limits by our names of the functions. What is not recognised is left out. */
export function limitsByFunction(
  limits: readonly NamedLimit[],
): Readonly<Partial<Record<ResponsysFunction, number>>> {
  const found: Partial<Record<ResponsysFunction, number>> = {};
  for (const api of Object.keys(functions) as ResponsysFunction[]) {
    const limit = limitOf(api, limits)?.limit;
    if (limit !== undefined) found[api] = limit;
  }
  return found;
}

/** The functions that an account limits, as it names and joins them. What is not recognised is left out. */
export function functionsOfAccount(limits: readonly NamedLimit[]): readonly AccountFunction[] {
  const found = new Map<string, AccountFunction>();
  for (const ours of Object.keys(functions) as ResponsysFunction[]) {
    const one = limitOf(ours, limits);
    if (one === undefined) continue;
    const { api, limit } = one;
    const before = found.get(api);
    found.set(api, {
      api,
      functions: [...(before?.functions ?? []), ours],
      callsPerMinute: Math.min(limit, before?.callsPerMinute ?? limit),
    });
  }
  return [...found.values()];
}
