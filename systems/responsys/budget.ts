/**
 * What the governor needs of a store that all workers share.
 */
import type { ByLane, Lane } from '../../jobs/lane.ts';

export interface AuthorizationVersion {
  readonly id: string;
  readonly version: number;
}

/** A function as an account limits it. */
export interface AccountFunction {
  /** The function's name in the account. */
  readonly api: string;
  /** Our names of it: an account may count several of them as one. */
  readonly functions: readonly string[];
  readonly callsPerMinute: number;
}

/** One function of one account. */
export interface Limited {
  /** '' before the account's name is known. */
  readonly account: string;
  /** Our name of the function. */
  readonly api: string;
  /** Calls a minute, where the account has not been asked. */
  readonly assumedLimit: number;
}

/** What a worker says of its slots, and what it wants. */
export interface SlotAsk {
  /** Calls that ended since the last ask: how long ago. Negative: that the end is only later. */
  readonly endedAgoMs: readonly number[];
  /** Leases that are over, wholly or in part: how many slots of each were used, or are given back. */
  readonly settled: readonly { readonly leaseId: number; readonly slots: number }[];
  /** For how long to call no more, since Responsys throttled; 0 when it did not. */
  readonly blockMs: number;
  readonly wants: ByLane;
  readonly waiting: readonly WaitingCalls[];
}

export interface WaitingCalls {
  readonly lane: Lane;
  /** '' where no job calls. */
  readonly jobId: string;
  readonly calls: number;
}

export interface SlotAnswer {
  readonly leaseId: number;
  readonly granted: ByLane;
  /** More may be leased than is needed at once. */
  readonly plenty: boolean;
  /** Above 0 while the function is throttled. */
  readonly blockedMs: number;
  /** When to ask again for what was not granted. */
  readonly retryMs: number;
}

export interface Budget {
  /** The account of an authorization; that of an older version of it is likely, but not certain. */
  findAccount(
    authorization: AuthorizationVersion,
  ): Promise<{ readonly account: string; readonly isCertain: boolean } | undefined>;
  /** @param calls that found the account out: they are counted there, though made before it was known */
  rememberAccount(
    authorization: AuthorizationVersion,
    account: string,
    calls: readonly string[],
  ): Promise<void>;
  /** Whether the account's limits were read lately. */
  knowsLimits(account: string): Promise<boolean>;
  saveLimits(account: string, limits: readonly AccountFunction[]): Promise<void>;
  /** Settles what is over and leases what is free, in one step. */
  take(limited: Limited, ask: SlotAsk): Promise<SlotAnswer>;
}
