/**
 * Responsys' throttle: calls per account, function and minute. All users of the account share one budget;
 * a refused call does not count. Source: reference §5.1.
 */
import type { Config } from './config.ts';
import { Refused } from './errors.ts';
import { functions } from './functions.ts';
import type { ApiFunction, FunctionName } from './functions.ts';

const minuteMs = 60_000;

/** How many calls of the function a minute has room for. */
export function callsPerMinute(config: Config, api: FunctionName): number {
  const byDefault = functions.find((entry) => entry.api === api)?.callsPerMinute ?? 0;
  return config.limits[api] ?? config.limits['*'] ?? byDefault;
}

export interface Limits {
  /** Takes one call from the function's budget. @throws Refused API_LIMIT_EXCEEDED */
  take(api: FunctionName): void;
  /** Calls counted in the present minute, by function. */
  used(): Readonly<Record<string, number>>;
  clear(): void;
}

export function createLimits(config: () => Config, now: () => number = Date.now): Limits {
  const calls = new Map<FunctionName, number[]>();

  function recent(api: FunctionName): number[] {
    const times = calls.get(api) ?? [];
    const at = now();
    const sinceMs = config().limitWindow === 'sliding' ? at - minuteMs + 1 : at - (at % minuteMs);
    const kept = times.findIndex((time) => time >= sinceMs);
    if (kept === -1) times.length = 0;
    else if (kept > 0) times.splice(0, kept);
    calls.set(api, times);
    return times;
  }

  return {
    take(api) {
      const times = recent(api);
      if (times.length >= callsPerMinute(config(), api)) throw limitExceeded(config(), api);
      times.push(now());
    },
    used: () => Object.fromEntries([...calls.keys()].map((api) => [api, recent(api).length])),
    clear: () => calls.clear(),
  };
}

/** Source of the words: reference §5.1; of the bare text: a client's test, reference §5.2. */
export function limitExceeded(config: Config, api: string): Refused {
  return new Refused(
    'API_LIMIT_EXCEEDED',
    `You exceeded your allowable limit to call the ${api} API function. Please try again in a minute.`,
    {
      status: config.limitStatus,
      ...(config.limitBody === 'text' && { bareText: 'you got rate limited' }),
    },
  );
}

/** The body of `GET /rest/api/ratelimit`. Source: reference §5.1. */
export function rateLimits(config: Config): readonly object[] {
  return functions.map((entry: ApiFunction & { api: FunctionName }) => ({
    limit: callsPerMinute(config, entry.api),
    api: entry.api,
    resource_path: entry.path.replace(/\{(\w+)\}/g, (_, name: string) => `{${pathNames[name] ?? name}}`),
    verb: entry.verb,
    description: `${entry.api}: calls a minute`,
  }));
}

const pathNames: Readonly<Record<string, string>> = {
  list: 'listName',
  table: 'petName',
  campaign: 'campaignName',
};
