/**
 * A back-fill without sending: every member goes through the same code as when it is mailed, against merges and
 * triggers that go nowhere. What it counts is what a back-fill that began now would do, as far as Responsys
 * takes every row.
 */
import type { CampaignPlan } from '../../jobs/campaign-plan.ts';
import type { ExportCampaignConfiguration } from '../../jobs/export-campaign.ts';
import { rehearseMerges, rehearseTriggers } from '../../systems/responsys/index.ts';
import { guardMails } from '../../systems/store/campaign-claims.ts';
import { walkPresentStays } from '../../systems/store/campaign-present.ts';
import type { PresentStay } from '../../systems/store/campaign-present.ts';
import type { Pool } from '../../systems/store/database.ts';
import type { HashKeys } from '../../systems/store/identities.ts';
import { readMembersNow } from '../../systems/store/members.ts';
import { deliver } from '../delivery/deliver.ts';
import { firstBodies } from '../delivery/first-bodies.ts';
import type { MaskedRequest } from '../delivery/first-bodies.ts';
import { sortRecipients } from './recipients.ts';
import type { Recipient } from './recipients.ts';
import { asExport, askForMails, mergeSettings, recipientOf } from './requests.ts';

export interface BackfillRehearsal {
  /** Stays that last: a member of two audiences has two. */
  readonly present: number;
  readonly mailed: number;
  /** With those who are mailed, they add up to those who are present. */
  readonly notMailed: readonly { readonly reason: string; readonly stays: number }[];
  /** Fields that are left out, by our own words, which hold names of columns and no value. */
  readonly told: readonly { readonly words: string; readonly members: number }[];
  readonly requests: Readonly<Record<'list' | 'fields' | 'trigger', number>>;
  readonly bodies: readonly MaskedRequest[];
}

/** Reasons besides the fates of mails and the codes of rejections. */
const hasFate = 'has-its-fate';

/** @param jobId of the job whose mails count; none where it is not there yet */
export async function rehearseBackfill(
  store: Pool,
  hashKeys: HashKeys,
  plan: CampaignPlan,
  configuration: ExportCampaignConfiguration,
  jobId: string | undefined,
): Promise<BackfillRehearsal> {
  const { batchSize, oneMailInDays } = configuration;
  const requests = { list: 0, fields: 0, trigger: 0 };
  const notMailed = new Map<string, number>();
  const told = new Map<string, number>();
  let present = 0;
  let mailed = 0;
  /** Who is mailed, by profile and by address. */
  const taken = new Set<string>();
  const bodies = firstBodies(new Map());
  const merges = rehearseMerges(bodies.note);
  const triggers = rehearseTriggers((request) => {
    requests.trigger += 1;
    bodies.note(request);
  });
  const never = new AbortController().signal;
  const keep = (reason: string, stays = 1): void => {
    if (stays > 0) notMailed.set(reason, (notMailed.get(reason) ?? 0) + stays);
  };

  async function recipientsOf(stays: readonly PresentStay[]): Promise<readonly Recipient[]> {
    const members = await readMembersNow(
      store,
      askForMails(
        plan,
        stays.map(({ profileId }) => profileId),
      ),
    );
    const { recipients, settled } = sortRecipients(
      stays,
      new Map(members.map((member) => [member.profileId, member])),
      plan.emailField,
      hashKeys,
    );
    for (const { fate, code } of settled) keep(code ?? fate);
    const guarded: ReadonlyMap<number, string> =
      jobId === undefined ? new Map() : await guardMails(store, jobId, recipients, oneMailInDays);
    return recipients.filter(({ no }) => {
      const guard = guarded.get(no);
      if (guard !== undefined) keep(guard);
      return guard === undefined;
    });
  }

  /** As a claim does it: the first of a person or an address is mailed. */
  function isFirst({ profileId, address }: Recipient): boolean {
    const marks = [profileId, address.hashes[0].hash.toString('base64')];
    if (marks.some((mark) => taken.has(mark))) return false;
    for (const mark of marks) taken.add(mark);
    return true;
  }

  await walkPresentStays(store, plan.audienceIds, jobId, batchSize, async (stays) => {
    present += stays.length;
    const fresh = stays.filter(({ fate }) => fate === null || fate === 'waiting');
    keep(hasFate, stays.length - fresh.length);
    const recipients = await recipientsOf(fresh);
    if (recipients.length === 0) return;
    const members = new Map(recipients.map(({ profileId, member }) => [profileId, member]));
    const { lines, requests: made } = await deliver(
      merges,
      asExport(plan, configuration),
      mergeSettings(configuration),
      Array.from(members.values(), (member) => ({ ...member, inSource: true })),
      () => Promise.resolve([]),
      never,
    );
    for (const { target } of made) if (target !== 'memberships') requests[target] += 1;
    const lineOf = new Map(lines.map((line) => [line.profileId, line]));
    const mails = recipients.flatMap((recipient) => {
      const line = lineOf.get(recipient.profileId);
      if (line?.riid === undefined || line.fate !== 'accepted') {
        keep(line?.reasons[0]?.code ?? 'rejected');
        return [];
      }
      if (!isFirst(recipient)) {
        keep('same-address');
        return [];
      }
      for (const { words } of line.reasons) told.set(words, (told.get(words) ?? 0) + 1);
      return [recipientOf(recipient.member, line.riid, plan)];
    });
    mailed += mails.length;
    if (mails.length > 0) await triggers.triggerEmail(plan.campaign, mails);
  });
  return {
    present,
    mailed,
    notMailed: Array.from(notMailed, ([reason, stays]) => ({ reason, stays })),
    told: Array.from(told, ([words, members]) => ({ words, members })),
    requests,
    bodies: bodies.shown(),
  };
}
