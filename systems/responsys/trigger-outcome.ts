/**
 * The fate of a recipient, from what Responsys answered a trigger: one element each, in the recipients' order.
 * Source: reference §4.3, recorded traffic; Oracle's page on recipient errors.
 */
import type { ResponsysErrorKind } from './error-codes.ts';
import { recordId, rejection } from './row-outcome.ts';
import type { RejectionCode } from './row-outcome.ts';

/** What stood in the way of a call, or of its answer. */
export type TroubleReason =
  | ResponsysErrorKind
  /** The caller gave up before the call. */
  | 'cancelled'
  /** Something of ours: the store, which says when Responsys may be called, or what was to be sent. */
  | 'ours';

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

/** By the code that the message begins with: `CODE: text`, or the bare code. */
const codes: Readonly<Record<string, TriggerRejectionCode>> = {
  NO_RECIPIENT_FOUND: 'no-recipient',
  RECIPIENT_STATUS_UNDELIVERABLE: 'undeliverable',
  MULTIPLE_RECIPIENTS_FOUND: 'several-recipients',
  PROFILE_LIST_NOT_FOUND: 'list-not-found',
  PROFILE_LIST_NOT_FOUND_IN_FOLDER: 'list-not-found',
  FOLDER_NOT_FOUND: 'list-not-found',
};

/** Of a recipient whom a refusal of the whole request was about, or whose element says no. */
export function refusedRecipient(words: string): TriggerOutcome {
  const code = /^[A-Z_]+/.exec(words)?.[0] ?? '';
  const known = Object.hasOwn(codes, code) ? codes[code] : undefined;
  const read = rejection(words).code;
  return { outcome: 'rejected', code: known ?? (read === 'no-contact' ? 'no-recipient' : read), words };
}

/** @param riid whom the element is about */
export function outcomeOfElement(element: unknown, riid: string): TriggerOutcome {
  const { success, recipientId, errorMessage } = (
    typeof element === 'object' && element !== null ? element : {}
  ) as Readonly<Record<string, unknown>>;
  if (success === true) {
    const answered = typeof recipientId === 'number' ? String(recipientId) : recipientId;
    return {
      outcome: 'accepted',
      riid: typeof answered === 'string' && recordId.test(answered) ? answered : riid,
    };
  }
  // Neither yes nor no: the answer cannot be read.
  if (success !== false) return { outcome: 'unknown', reason: 'service' };
  return refusedRecipient(typeof errorMessage === 'string' ? errorMessage.trim() : '');
}
