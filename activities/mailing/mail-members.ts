/**
 * Mails members whose stay waits: guards, then the profile list and the fields table as they are now, then the
 * claim, the trigger, and what became of it. Merges may be made again and the trigger may not: that is why they
 * are calls of their own, and why only the trigger is behind a claim.
 */
import type { CampaignPlan } from '../../jobs/campaign-plan.ts';
import { ExpectedError } from '../../jobs/errors.ts';
import { mostUnansweredTriggers } from '../../jobs/limits.ts';
import type { Responsys, TriggerOutcome, Triggers } from '../../systems/responsys/index.ts';
import { writeRiids } from '../../systems/store/answered-riids.ts';
import {
  claimMails,
  guardMails,
  holdsLane,
  readWaiting,
  settleMails,
  writeOutcomes,
} from '../../systems/store/campaign-claims.ts';
import type { AddressedMail, Attempt, Claims, SettledMail } from '../../systems/store/campaign-claims.ts';
import { lockMails } from '../../systems/store/campaign-entries.ts';
import type { CampaignJob } from '../../systems/store/campaign-jobs.ts';
import { noteRecords } from '../../systems/store/campaign-records.ts';
import type { MailRecord } from '../../systems/store/campaign-records.ts';
import { logAgain } from '../../systems/store/changes.ts';
import { transaction } from '../../systems/store/database.ts';
import type { Pool } from '../../systems/store/database.ts';
import { burnFuse, countUnanswered } from '../../systems/store/fuses.ts';
import type { FuseReading } from '../../systems/store/fuses.ts';
import type { HashKeys } from '../../systems/store/identities.ts';
import { writeRequests } from '../../systems/store/ledger.ts';
import type { LedgerLine, RequestLine } from '../../systems/store/ledger.ts';
import { readMembersNow } from '../../systems/store/members.ts';
import type { MemberNow } from '../../systems/store/members.ts';
import { holdOffMerges } from '../../systems/store/merging.ts';
import { holdOffNewPeople } from '../../systems/store/profiles.ts';
import { answeredRiids } from '../answered-riids.ts';
import { isOptedOut } from '../delivery/consent.ts';
import { deliver } from '../delivery/deliver.ts';
import { groupRows } from '../delivery/grouping.ts';
import { noteRequests } from '../delivery/request-lines.ts';
import { asFailure } from '../failures.ts';
import { tooManyRejected, triggersUnanswered } from '../rejections.ts';
import { sortRecipients } from './recipients.ts';
import type { Recipient } from './recipients.ts';
import { asExport, askForMails, mergeSettings, recipientOf } from './requests.ts';

export interface Mailing {
  readonly store: Pool;
  readonly hashKeys: () => Promise<HashKeys>;
  readonly responsys: Responsys & Triggers;
  readonly job: CampaignJob;
  readonly plan: CampaignPlan;
  readonly attempt: Attempt;
  /** Those who were rejected before are likely to be so again, and burn no fuse. */
  readonly isRetry: boolean;
  /** Ends the work between two calls. */
  readonly signal: AbortSignal;
}

export interface Mailed {
  /** Why the job is to stop itself, in the reader's words; null where too few were rejected for that. */
  readonly tooManyRejected: string | null;
  /** Those beyond the day's number. */
  readonly held: { readonly members: readonly string[]; readonly untilMs: number } | undefined;
}

/**
 * @param profileIds those who may have a mail that waits; the others are left alone
 * @throws ResponsysError when something stood in the way; who was mailed until then is written
 */
export async function mailMembers(mailing: Mailing, profileIds: readonly string[]): Promise<Mailed> {
  const { store, job } = mailing;
  const sent = { sent: 0, rejected: 0 };
  const recipients = await guardedRecipients(mailing, profileIds, sent);
  let held: Mailed['held'];
  if (recipients.length > 0) {
    const merged = await mergeRecipients(mailing, recipients, sent);
    for (const group of groupRows(merged, () => '', job.configuration.batchSize)) {
      const beyond = await triggerGroup(mailing, group, sent);
      if (beyond === undefined) continue;
      const waiting = new Set(beyond.nos);
      const members = group.filter(({ no }) => waiting.has(no)).map(({ profileId }) => profileId);
      held = { members: [...(held?.members ?? []), ...members], untilMs: beyond.untilMs };
    }
  }
  if (mailing.isRetry || sent.sent === 0) return { tooManyRejected: null, held };
  const { stopWhenRejected } = job.configuration;
  const blown = await burnFuse(store, job.id, sent, stopWhenRejected);
  return { tooManyRejected: blown === undefined ? null : tooManyRejected(blown, stopWhenRejected), held };
}

type Tally = { -readonly [Key in keyof FuseReading]: number };

/** Those whom nothing keeps back that is known before a call. */
async function guardedRecipients(
  { store, hashKeys, job, plan }: Mailing,
  profileIds: readonly string[],
  tally: Tally,
): Promise<readonly Recipient[]> {
  // Nobody becomes somebody else between the two.
  const { waiting, members } = await transaction(store, async (database) => {
    await holdOffMerges(database);
    const waiting = await readWaiting(database, job.id, profileIds);
    const profiles = waiting.map(({ profileId }) => profileId);
    return { waiting, members: await readMembersNow(database, askForMails(plan, profiles)) };
  });
  if (waiting.length === 0) return [];
  const { recipients, settled } = sortRecipients(
    waiting,
    new Map(members.map((member) => [member.profileId, member])),
    plan.emailField,
    await hashKeys(),
  );
  const rejected = settled.filter(({ fate }) => fate === 'rejected').length;
  tally.sent += rejected;
  tally.rejected += rejected;
  return transaction(store, async (database) => {
    await lockMails(database, job.id);
    const guarded = await guardMails(database, job.id, recipients, job.configuration.oneMailInDays);
    const kept = [...guarded].map(([no, fate]) => ({ no, fate }));
    await settleMails(database, job.id, [...settled, ...kept]);
    return recipients.filter(({ no }) => !guarded.has(no));
  });
}

type Merged = Recipient & { readonly riid: string };

/** Puts the recipients into the list and its fields table. @returns those who can be triggered */
async function mergeRecipients(
  { store, hashKeys, responsys, job, plan, attempt, signal }: Mailing,
  recipients: readonly Recipient[],
  tally: Tally,
): Promise<readonly Merged[]> {
  const members = new Map<string, MemberNow>(
    recipients.map(({ profileId, member }) => [profileId, { ...member, inSource: true }]),
  );
  const { lines, requests } = await deliver(
    responsys,
    asExport(plan, job.configuration),
    mergeSettings(job.configuration),
    [...members.values()],
    // Nothing of a campaign stands in a memberships table.
    () => Promise.resolve([]),
    signal,
  );
  const lineOf = new Map(lines.map((line) => [line.profileId, line]));
  const merged: Merged[] = [];
  const settled: SettledMail[] = [];
  const records: MailRecord[] = [];
  for (const recipient of recipients) {
    const line = lineOf.get(recipient.profileId);
    if (line?.riid !== undefined) records.push({ no: recipient.no, riid: line.riid });
    const kept = line === undefined ? undefined : keptBack(recipient.no, line);
    if (kept !== undefined) settled.push(kept);
    else if (line?.riid !== undefined) merged.push({ ...recipient, riid: line.riid });
  }
  const rejected = settled.filter(({ fate }) => fate === 'rejected').length;
  tally.sent += rejected;
  tally.rejected += rejected;
  const { accountId, riids } = await answeredRiids(store, hashKeys, job.authorizationId, lines);
  await transaction(store, async (database) => {
    if (riids.length > 0) await holdOffNewPeople(database);
    await holdOffMerges(database);
    await lockMails(database, job.id);
    await writeRequests(database, job.id, attempt.attemptId, requests);
    await noteRecords(database, job.id, records, accountId);
    await settleMails(database, job.id, settled);
    await writeRiids(database, riids);
  });
  return merged;
}

/** Why a member that was merged gets no mail; undefined where it does. */
function keptBack(no: number, line: LedgerLine): SettledMail | undefined {
  const { riid } = line;
  if (line.fate === 'not-in-list') return { no, fate: 'not-in-list' };
  if (line.fate === 'rejected') {
    const reason = line.reasons.find(({ target }) => line.fates[target] === 'rejected');
    return { no, fate: 'rejected', code: reason?.code, words: reason?.words, riid };
  }
  if (riid !== undefined) return undefined;
  return {
    no,
    fate: 'rejected',
    code: 'no-record',
    words: 'The list took the member and named no record.',
  };
}

/** Those who have not opted out since they were read: the merges may have waited long for their turn. */
async function consenting(
  { store, job, plan }: Mailing,
  group: readonly Merged[],
): Promise<readonly Merged[]> {
  const now = await readMembersNow(
    store,
    askForMails(
      plan,
      group.map(({ profileId }) => profileId),
    ),
  );
  const out = new Set(now.filter(({ fields }) => isOptedOut(fields)).map(({ profileId }) => profileId));
  const optedOut = group.filter(({ profileId }) => out.has(profileId));
  if (optedOut.length === 0) return group;
  await transaction(store, async (database) => {
    await lockMails(database, job.id);
    await settleMails(
      database,
      job.id,
      optedOut.map(({ no }) => ({ no, fate: 'opted-out' })),
    );
  });
  return group.filter(({ profileId }) => !out.has(profileId));
}

/** Claims one call's worth, makes the call, and writes what became of it. @returns those beyond the day's number */
async function triggerGroup(
  mailing: Mailing,
  group: readonly Merged[],
  tally: Tally,
): Promise<Claims['held']> {
  const { store, responsys, job, plan, attempt, signal } = mailing;
  signal.throwIfAborted();
  const { claimed, twins, held } = await claimMails(
    store,
    attempt,
    plan.campaignId,
    (await consenting(mailing, group)) satisfies readonly AddressedMail[],
    job.configuration,
  );
  const mails = group.filter(({ no }) => claimed.has(no));
  if (mails.length === 0) return held;
  const { outcomes, requests, trouble } = await responsys.triggerEmail(
    plan.campaign,
    mails.map(({ member, riid }) => recipientOf(member, riid, plan)),
    signal,
  );
  const settled = mails.map(({ no }, index) => asSettled(no, outcomes[index]));
  const fates = new Map(settled.map((mail) => [mail.no, mail]));
  const unsent = mails.filter(({ no }) => fates.get(no)?.fate === 'waiting');
  const lines: RequestLine<'trigger'>[] = [];
  noteRequests(lines, 'trigger', { requests });
  const isAnswered = outcomes.some(({ outcome }) => outcome === 'accepted' || outcome === 'rejected');
  // Of a call that was never made, or is proved to have sent nothing, neither is learnt.
  const isUnanswered = !isAnswered && outcomes.some(({ outcome }) => outcome === 'unknown');
  const unanswered = await transaction(store, async (database) => {
    await lockMails(database, job.id);
    await writeOutcomes(database, attempt, settled);
    await settleMails(database, job.id, twinsOf(twins, fates));
    // Whoever took its place found nothing that waits; an attempt in its place is made again with the same members.
    if (!(await holdsLane(database, attempt)))
      await logAgain(
        database,
        job.id,
        unsent.map(({ profileId }) => profileId),
      );
    await writeRequests(database, job.id, attempt.attemptId, lines);
    return isAnswered || isUnanswered ? countUnanswered(database, job.id, isAnswered, [...claimed]) : 0;
  });
  tally.sent += settled.filter(({ fate }) => fate === 'accepted' || fate === 'rejected').length;
  tally.rejected += settled.filter(({ fate }) => fate === 'rejected').length;
  if (unanswered >= mostUnansweredTriggers)
    throw new ExpectedError(
      'TRIGGERS_UNANSWERED',
      triggersUnanswered(unanswered, asFailure(trouble).message),
    );
  if (trouble !== undefined) throw trouble;
  return held;
}

/** One whose twin was refused is refused as well; one whose twin was not sent is looked at again with it. */
const twinsOf = (
  twins: ReadonlyMap<number, number>,
  fates: ReadonlyMap<number, SettledMail>,
): readonly SettledMail[] =>
  [...twins].flatMap(([no, twin]): SettledMail[] => {
    const of = fates.get(twin);
    if (of === undefined || of.fate === 'waiting') return [];
    return [of.fate === 'rejected' ? { ...of, no } : { no, fate: 'same-address' }];
  });

/** An answer that is not there is one that never came. */
function asSettled(no: number, outcome: TriggerOutcome | undefined): SettledMail {
  switch (outcome?.outcome) {
    case 'accepted':
      return { no, fate: 'accepted', riid: outcome.riid };
    case 'rejected':
      return { no, fate: 'rejected', code: outcome.code, words: outcome.words };
    case 'not-sent':
      return { no, fate: 'waiting' };
    case 'unknown':
      return { no, fate: 'unknown', code: outcome.reason };
    case undefined:
      return { no, fate: 'unknown', code: 'no-answer' };
  }
}
