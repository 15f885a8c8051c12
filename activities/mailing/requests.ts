/**
 * What is asked of Responsys for a member that is mailed: the rows of the list and of the fields table, as an
 * export of them would be, and the recipient of the trigger. Pure.
 */
import type { CampaignPlan } from '../../jobs/campaign-plan.ts';
import type { ExportCampaignConfiguration } from '../../jobs/export-campaign.ts';
import type { ExportPlan } from '../../jobs/export-plan.ts';
import type { TriggerRecipient } from '../../systems/responsys/index.ts';
import type { MembersAsk, MemberNow } from '../../systems/store/members.ts';
import { cellOf } from '../delivery/cells.ts';
import { consentFields } from '../delivery/consent.ts';
import type { DeliverySettings } from '../delivery/deliver.ts';

/** What is read of members before they are mailed. */
export const askForMails = (plan: CampaignPlan, profileIds: readonly string[]): MembersAsk => ({
  profileIds: [...new Set(profileIds)],
  sourceAudienceId: plan.audienceIds[0] ?? '',
  audienceIds: [],
  fields: [
    ...new Set([
      plan.emailField,
      ...(plan.fields?.columns ?? []).map(({ field }) => field),
      ...consentFields,
    ]),
  ],
});

/** What an export of the address and the additional fields alone would be. */
export const asExport = (
  plan: CampaignPlan,
  { insertOnNoMatch }: Pick<ExportCampaignConfiguration, 'insertOnNoMatch'>,
): ExportPlan => ({
  list: plan.list,
  sourceAudienceId: plan.audienceIds[0] ?? '',
  idMappings: [{ field: plan.emailField, column: 'EMAIL_ADDRESS_' }],
  matchColumns: ['EMAIL_ADDRESS_'],
  insertOnNoMatch,
  fields: plan.fields,
  memberships: null,
  warnings: [],
});

/** How it would be delivered. */
export const mergeSettings = ({
  defaultPermissionStatus,
  batchSize,
}: ExportCampaignConfiguration): DeliverySettings => ({
  updateOnMatch: 'REPLACE_ALL',
  defaultPermissionStatus,
  batchSize,
});

export function recipientOf(member: MemberNow, riid: string, plan: CampaignPlan): TriggerRecipient {
  const optionalData: Record<string, string> = {};
  for (const { field, kind, column, type } of plan.fields?.columns ?? []) {
    const value = member.fields[field];
    if (value === undefined) continue;
    const cell = cellOf(value, kind, type);
    // What does not fit its column was left out there, and told.
    if ('text' in cell) optionalData[column] = cell.text;
  }
  return { riid, optionalData };
}
