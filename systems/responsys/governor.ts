/**
 * The place where calls wait for their turn. Limits are the account's, and all its users, jobs and workers
 * share them: so before the first call of an authorization its account is asked for its name and its limits,
 * and both are kept for others and for the next start.
 */
import type { Lane } from '../../jobs/lane.ts';
import type { AccountFunction, AuthorizationVersion, Budget } from './budget.ts';
import { ResponsysError } from './errors.ts';
import { assumedCallsPerMinute } from './functions.ts';
import type { ResponsysFunction } from './functions.ts';
import { openLine, orStoreFailure } from './line.ts';
import type { Line } from './line.ts';
import { unlessAborted } from '../unless-aborted.ts';

/** On whose account a call waits. */
export interface Caller {
  readonly lane: Lane;
  readonly jobId?: string;
}

export interface Governor {
  /** Runs `call` when the function's allowance lets it; the signal's reason is thrown to one who gives up. */
  run<Result>(
    api: ResponsysFunction,
    caller: Caller,
    call: () => Promise<Result>,
    signal?: AbortSignal,
  ): Promise<Result>;
}

/** How an account is asked about itself. */
export interface Introduction {
  accountName(): Promise<string>;
  limits(): Promise<readonly AccountFunction[]>;
}

export interface Governors {
  /** The governor of an authorization's calls; it makes no call itself before the first one is asked for. */
  of(authorization: AuthorizationVersion, introduction: Introduction): Governor;
  /** Gives back what is leased and not used. */
  close(): Promise<void>;
}

/** Calls that are made before the account is known, to get to know it. */
const introducing: ReadonlySet<ResponsysFunction> = new Set([
  'Login',
  'Retrieve User Info',
  'Retrieve Rate Limits',
]);

/** Stands for all accounts whose names are not known yet: together they have one account's logins. */
const unknownAccount = '';

const readAgainAfterMs = 60 * 60_000;

/**
 * One for a process, so that all its connections to an account wait in the same lines.
 * @param windowMs a minute, unless a test is in a hurry
 */
export function openGovernors(budget: Budget, windowMs?: number): Governors {
  const lines = new Map<string, Line>();
  const lineOf = (account: string, api: ResponsysFunction): Line => {
    const key = JSON.stringify([account, api]);
    const present = lines.get(key);
    if (present !== undefined) return present;
    const limited = { account, api, assumedLimit: assumedCallsPerMinute(api) };
    const made = openLine((ask) => budget.take(limited, ask), windowMs);
    lines.set(key, made);
    return made;
  };
  return {
    of: (authorization, introduction) => {
      const accountOf = openAcquaintance(budget, authorization, introduction);
      return {
        run: async (api, caller, call, signal) =>
          lineOf(await accountOf(api, signal), api).run(caller, call, signal),
      };
    },
    close: async () => {
      await Promise.all([...lines.values()].map((line) => line.close()));
    },
  };
}

/** Gets to know the account of an authorization, once for all calls that wait for it. */
function openAcquaintance(
  budget: Budget,
  authorization: AuthorizationVersion,
  introduction: Introduction,
): (api: ResponsysFunction, signal?: AbortSignal) => Promise<string> {
  let known: string | undefined;
  let likely: string | undefined;
  let readAtMs = -Infinity;
  let meeting: Promise<string> | undefined;

  async function lookUp(): Promise<string> {
    if (known !== undefined) return known;
    const found = await orStoreFailure(budget.findAccount(authorization));
    likely = found?.account;
    if (found?.isCertain === true) known = found.account;
    return known ?? likely ?? unknownAccount;
  }

  async function meet(): Promise<string> {
    await lookUp();
    if (known === undefined) {
      const account = await introduction.accountName();
      const governedThere = account === likely;
      const calls = governedThere ? [] : (['Login', 'Retrieve User Info'] satisfies ResponsysFunction[]);
      await orStoreFailure(budget.rememberAccount(authorization, account, calls));
      known = account;
    }
    if (!(await orStoreFailure(budget.knowsLimits(known)))) await readLimits(known);
    readAtMs = performance.now();
    return known;
  }

  async function readLimits(account: string): Promise<void> {
    let limits;
    try {
      limits = await introduction.limits();
    } catch (error) {
      // What is known or assumed holds: a user who may not read limits may still merge.
      if (!(error instanceof ResponsysError) || error.kind === 'login-refused') throw error;
      return;
    }
    await orStoreFailure(budget.saveLimits(account, limits));
  }

  return async (api, signal) => {
    if (introducing.has(api)) return lookUp();
    if (known !== undefined && performance.now() - readAtMs < readAgainAfterMs) return known;
    meeting ??= meet().finally(() => {
      meeting = undefined;
    });
    return unlessAborted(meeting, signal);
  };
}
