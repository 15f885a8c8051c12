/**
 * Triggers an e-mail campaign to members who are in its list already. A trigger has no key by which Responsys
 * would know it again, so nothing here is called twice unless the first call is proved to have sent nothing.
 */
import type { ResponsysErrorKind } from './error-codes.ts';
import type { MergeRequest } from './merge.ts';
import type { RejectionCode } from './row-outcome.ts';

export interface TriggerRecipient {
  /** The id of the list's record, as a list merge answers it. */
  readonly riid: string;
  /** What the message may use, by name. No name is a system column's: none ends in `_`. */
  readonly optionalData: Readonly<Record<string, string>>;
}

/** What stood in the way of a call, or of its answer. */
export type TroubleReason =
  | ResponsysErrorKind
  /** The store, which says when Responsys may be called, or a setting of ours. Nothing was called. */
  | 'not-called'
  /** The caller gave up before the call. */
  | 'cancelled';

export type TriggerRejectionCode =
  RejectionCode | 'no-recipient' | 'undeliverable' | 'several-recipients' | 'list-not-found';

export type TriggerOutcome =
  | { readonly outcome: 'accepted'; readonly riid: string }
  | {
      readonly outcome: 'rejected';
      /** Ours: a stable class of reasons. */
      readonly code: TriggerRejectionCode;
      /** Responsys' own words, which may quote a value: for the ledger only. */
      readonly words: string;
    }
  /** Proved: no mail went to this recipient, who may be triggered again. */
  | { readonly outcome: 'not-sent'; readonly reason: TroubleReason }
  /** The mail may have gone, or not: never again by itself. */
  | { readonly outcome: 'unknown'; readonly reason: TroubleReason };

export interface TriggerResult {
  /** One for each recipient, in their order. */
  readonly outcomes: readonly TriggerOutcome[];
  readonly requests: readonly MergeRequest[];
  /**
   * What ended the work early, where any outcome is `not-sent` or `unknown`: an ExpectedError, a ResponsysError
   * or the signal's reason, for the caller to pass on when the outcomes are safe.
   */
  readonly trouble: Error | undefined;
}

export interface Triggers {
  /**
   * Triggers one mail to each recipient, at most once. Never throws: what went wrong is in the result, beside
   * what was sent before it. Whoever must not forget a mail notes all recipients before this call.
   * @param recipients at most 200 go in one call; more take several
   * @param signal ends the waiting for a turn; a call that has begun is waited for, since its answer says who
   * was mailed
   */
  triggerEmail(
    campaign: string,
    recipients: readonly TriggerRecipient[],
    signal?: AbortSignal,
  ): Promise<TriggerResult>;
}
