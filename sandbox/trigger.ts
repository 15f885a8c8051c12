/**
 * Triggering an e-mail campaign: to members of its list, or to rows that are merged into it first. Each
 * recipient has an element of the answer, and each one taken a mail in the outbox. Source: reference §4.2, §4.3.
 */
import { campaignNamed } from './campaigns.ts';
import type { Campaign } from './campaigns.ts';
import type { ProfileList } from './catalog.ts';
import type { Answer, Call, Context } from './context.ts';
import { Refused } from './errors.ts';
import { mergeIntoList } from './list-merge.ts';
import { riidsOf } from './list-members.ts';
import { post } from './outbox.ts';
import { readMergeTrigger, readTrigger } from './trigger-request.ts';
import type { Recipient } from './trigger-request.ts';

interface Element {
  readonly errorMessage: string | null;
  readonly success: boolean;
  readonly recipientId: number;
}

const good = (recipientId: number): Element => ({ errorMessage: null, success: true, recipientId });
const bad = (errorMessage: string): Element => ({ errorMessage, success: false, recipientId: -1 });

const notFound = 'NO_RECIPIENT_FOUND: Recipient Not Found';

/** Within the caller's transaction. */
export function triggerEmail(context: Context, call: Call): Answer {
  const { campaign, list } = placeOf(context, call);
  const recipients = readTrigger(call);
  const found = recipients.map((recipient) => find(context, list, recipient));
  refuseUnknown(context, found);
  return answer(
    found.map((one, at) =>
      typeof one === 'string' ? bad(one) : mail(context, campaign, list, one, recipients[at]?.optionalData),
    ),
  );
}

/** Within the caller's transaction. */
export function mergeTriggerEmail(context: Context, call: Call): Answer {
  const { campaign, list } = placeOf(context, call);
  const { recordData, mergeRule, optionalData } = readMergeTrigger(call);
  const { rows } = mergeIntoList(context, list, recordData, mergeRule);
  return answer(
    rows.map((row, at) => {
      if (row.fault === undefined) return mail(context, campaign, list, row.riid, optionalData[at]);
      // Of a row that fails in the merge no source shows the words.
      return bad(row.unmatched ? notFound : `FAILURE: ${row.fault}`);
    }),
  );
}

function placeOf(context: Context, call: Call) {
  const campaign = campaignNamed(context, call.names['campaign'] ?? '');
  if (campaign.type !== 'EMAIL')
    throw new Refused('CAMPAIGN_IS_INVALID', `The campaign ${campaign.name} is no email campaign`);
  if (campaign.status === 'CLOSED')
    throw new Refused('CAMPAIGN_IS_INVALID', `The campaign ${campaign.name} is closed`);
  return { campaign, list: context.catalog.list(campaign.list) };
}

/** The record that a recipient is, or why there is none. */
function find(context: Context, list: ProfileList, { by, id, listName }: Recipient): number | string {
  if (listName !== undefined) {
    const { folderName, objectName } = listName;
    if (folderName !== undefined && !context.catalog.hasFolder(folderName))
      return 'FOLDER_NOT_FOUND: Folder Not Found';
    const named = context.catalog.lists.get(objectName);
    if (named === undefined) return 'PROFILE_LIST_NOT_FOUND: Profile List Not Found';
    if (folderName !== undefined && named.folder !== folderName)
      return 'PROFILE_LIST_NOT_FOUND_IN_FOLDER: Profile List Not Found In Folder';
    // Recipients must be of the campaign's own list. Source: Oracle's guide.
    if (named !== list) return notFound;
  }
  const [riid, ...others] = riidsOf(context, list, by, id);
  if (riid === undefined) return notFound;
  return others.length > 0 ? 'MULTIPLE_RECIPIENTS_FOUND: Multiple Recipients Found' : riid;
}

/** Where the configuration says that one unknown recipient refuses them all. */
function refuseUnknown(context: Context, found: readonly (number | string)[]): void {
  const { unknownRecipient } = context.config();
  const at = found.indexOf(notFound);
  if (unknownRecipient === 'hidden' || at === -1) return;
  const place = unknownRecipient === 'whole-request' ? `Record ${at} = ` : '';
  throw new Refused('INVALID_PARAMETER', `${place}Recipient Not Found\r\n`);
}

function mail(
  context: Context,
  campaign: Campaign,
  list: ProfileList,
  riid: number,
  optionalData: Recipient['optionalData'] = [],
): Element {
  const fault = post(context.storage, campaign, list, riid, optionalData);
  return fault === undefined ? good(riid) : bad(fault);
}

const answer = (elements: readonly Element[]): Answer => ({
  body: elements,
  rows: elements.length,
  failed: elements.filter(({ success }) => !success).length,
});
