/**
 * Triggers an e-mail campaign to members who are in its list already. A trigger has no key by which Responsys
 * would know it again, so what always holds here: nobody is in two calls, unless the first is proved to have
 * sent nothing. After a call that failed otherwise none follows. Source: Oracle's REST guide,
 * campaigns-campaignName-email-post-trigger.
 */
import { ExpectedError } from '../../jobs/errors.ts';
import { splitItems } from './body.ts';
import type { Connection } from './connection.ts';
import { ResponsysError } from './errors.ts';
import { noteRequest } from './merge.ts';
import type { MergeRequest } from './merge.ts';
import { narrow } from './narrow.ts';
import type { SendResult } from './narrow.ts';
import { recordId, refusalOf } from './row-outcome.ts';
import { outcomeOfElement, refusedRecipient } from './trigger-outcome.ts';
import type { TriggerOutcome, TroubleReason } from './trigger-outcome.ts';
import { formError } from './transport.ts';
import type { Request } from './transport.ts';

export interface TriggerRecipient {
  /** The id of the list's record, as a list merge answers it. */
  readonly riid: string;
  /** What the message may use, by name. No name is a system column's: none ends in `_`. */
  readonly optionalData: Readonly<Record<string, string>>;
}

export interface TriggerResult {
  /** One for each recipient, in their order. */
  readonly outcomes: readonly TriggerOutcome[];
  readonly requests: readonly MergeRequest[];
  /**
   * What ended the work early, where an outcome is `not-sent` or `unknown`: a ResponsysError, an ExpectedError
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

/** A recipient as the request has it. */
interface Addressed {
  readonly recipient: { readonly recipientId: number };
  readonly optionalData: readonly { readonly name: string; readonly value: string }[];
}

/** Responsys takes fewer recipients a call than this run has: it is to be split. */
const tooMany = new Error('too many recipients in one call');

export async function triggerEmail(
  connection: Pick<Connection, 'call'>,
  campaign: string,
  recipients: readonly TriggerRecipient[],
  signal?: AbortSignal,
): Promise<TriggerResult> {
  const requests: MergeRequest[] = [];
  let trouble: Error | undefined;
  /** Of all who have not been in a call when there is trouble. */
  let later: TriggerOutcome | undefined;
  /** Of all whose call was not refused. */
  const called = new Map<Addressed, TriggerOutcome>();

  function stop(error: unknown, outcome: 'not-sent' | 'unknown'): TriggerOutcome {
    trouble = error instanceof Error ? error : new Error(String(error));
    const reason = reasonOf(error, signal);
    later = { outcome: 'not-sent', reason };
    return { outcome, reason };
  }

  async function send(some: readonly Addressed[], isWholeRun: boolean): Promise<SendResult<TriggerOutcome>> {
    const note = (outcomes: readonly TriggerOutcome[]) => {
      for (const [at, outcome] of outcomes.entries()) {
        const one = some[at];
        if (one !== undefined) called.set(one, outcome);
      }
      return { outcomes };
    };
    const all = (outcome: TriggerOutcome) => note(some.map(() => outcome));
    if (later !== undefined) return all(later);
    const turn = openTurn(signal);
    try {
      const answer = await connection.call(requestOf(campaign, some, turn.begins), turn.signal);
      noteRequest(requests, some.length, answer);
      if (!Array.isArray(answer.body) || answer.body.length !== some.length)
        throw formError(`Responsys answered a trigger of ${some.length} recipients without a line for each`);
      const outcomes = answer.body.map((element, at) =>
        outcomeOfElement(element, String(some[at]?.recipient.recipientId)),
      );
      if (outcomes.some(({ outcome }) => outcome === 'unknown'))
        stop(formError('Responsys’ answer to a trigger cannot be read for each recipient'), 'unknown');
      return note(outcomes);
    } catch (error) {
      if (!(error instanceof ResponsysError))
        // What is expected is thrown before a call, never by one.
        return all(
          stop(error, turn.hasBegun() && !(error instanceof ExpectedError) ? 'unknown' : 'not-sent'),
        );
      const { status = 0, ms, errorCode, correlationId } = error;
      noteRequest(requests, some.length, { status, ms, errorCode, correlationId });
      if (!error.provesNothingSent) return all(stop(error, 'unknown'));
      if (isWholeRun && some.length > 1 && isTooMany(error)) throw tooMany;
      const refusal = refusalOf(error);
      return refusal === undefined ? all(stop(error, 'not-sent')) : { refusal };
    } finally {
      turn.end();
    }
  }

  /** All of a run, narrowed to whoever it is refused for. */
  async function sendRun(run: readonly Addressed[]): Promise<readonly TriggerOutcome[]> {
    try {
      return await narrow(run, (some) => send(some, some.length === run.length), refusedRecipient);
    } catch (error) {
      if (error === tooMany) {
        const middle = Math.ceil(run.length / 2);
        return [...(await sendRun(run.slice(0, middle))), ...(await sendRun(run.slice(middle)))];
      }
      // The request itself is at fault: each call of the run was refused.
      const outcome = stop(error, 'not-sent');
      return run.map((one) => called.get(one) ?? outcome);
    }
  }

  const fault = faultOf(recipients);
  if (fault !== undefined) {
    const outcome = stop(fault, 'not-sent');
    return { outcomes: recipients.map(() => outcome), requests, trouble };
  }
  const outcomes: TriggerOutcome[] = [];
  for (const run of splitItems(recipients.map(addressed), mostBytes)) outcomes.push(...(await sendRun(run)));
  return { outcomes, requests, trouble };
}

const requestOf = (campaign: string, some: readonly Addressed[], begins: () => void): Request => ({
  api: 'Trigger Email Message',
  what: `trigger the campaign ${campaign}`,
  method: 'POST',
  path: `/rest/api/v1.3/campaigns/${encodeURIComponent(campaign)}/email`,
  rows: some.length,
  body: { recipientData: some },
  begins,
});

const addressed = ({ riid, optionalData }: TriggerRecipient): Addressed => ({
  recipient: { recipientId: Number(riid) },
  optionalData: Object.entries(optionalData).map(([name, value]) => ({ name, value })),
});

const mostBytes = ({ optionalData }: Addressed): number =>
  optionalData.reduce((sum, { name, value }) => sum + 6 * (name.length + value.length) + 32, 96);

const isTooMany = ({ errorCode }: ResponsysError): boolean =>
  errorCode === 'RECIPIENT_LIMIT_EXCEEDED' || errorCode === 'RECORD_LIMIT_EXCEEDED';

function reasonOf(error: unknown, signal: AbortSignal | undefined): TroubleReason {
  if (error instanceof ResponsysError) return error.kind;
  return signal?.aborted === true && error === signal.reason ? 'cancelled' : 'ours';
}

/** The turn of one call: the signal ends the waiting for it, and nothing that has begun. */
function openTurn(signal: AbortSignal | undefined) {
  const waiting = new AbortController();
  let begun = false;
  const abort = (): void => {
    if (!begun) waiting.abort(signal?.reason);
  };
  if (signal?.aborted === true) abort();
  signal?.addEventListener('abort', abort, { once: true });
  return {
    signal: waiting.signal,
    begins: (): void => void (begun = true),
    hasBegun: () => begun,
    end: () => signal?.removeEventListener('abort', abort),
  };
}

/**
 * What Responsys would take amiss without saying so: of a system column's name in optionalData, its guide says
 * that it may have other data sent.
 */
function faultOf(recipients: readonly TriggerRecipient[]): ExpectedError | undefined {
  for (const { riid, optionalData } of recipients) {
    if (!recordId.test(riid) || !Number.isSafeInteger(Number(riid)))
      return new ExpectedError(
        'CONFIGURATION_REFUSED',
        'A recipient of a trigger has no RIID; nothing was sent.',
      );
    const system = Object.keys(optionalData).find((name) => name.endsWith('_'));
    if (system !== undefined)
      return new ExpectedError(
        'CONFIGURATION_REFUSED',
        `Additional field: the mail would be given "${system}", a name that Responsys keeps for its own columns; nothing was sent.`,
      );
  }
  return undefined;
}
