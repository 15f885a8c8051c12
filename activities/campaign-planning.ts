/**
 * Holds a campaign job's configuration against the account: which campaign of which list is triggered, which
 * column takes what, whether a table has to be made, and every fault in the reader's words, all at once. Pure.
 */
import leven from 'leven';
import type { CampaignPlan } from '../jobs/campaign-plan.ts';
import { sameName } from '../jobs/column-name.ts';
import type { ExportCampaignConfiguration } from '../jobs/export-campaign.ts';
import type { NewTable } from '../jobs/export-plan.ts';
import type { Kind } from '../jobs/user-fields.ts';
import type { Campaign, DataSource, ExtensionTable, ProfileList } from '../systems/responsys/index.ts';
import type { Audience } from '../systems/store/audiences.ts';
import { alsoInList, planFields, unknownField } from './fields-planning.ts';

export interface CampaignAccount {
  /** The one that the job names, of whatever type; undefined where there is none. */
  readonly campaign: Campaign | undefined;
  /** What may be named in its place; read only where it cannot be triggered. */
  readonly campaigns: readonly Campaign[];
  readonly lists: readonly ProfileList[];
  /** The extension tables of the campaign's list; empty where that is not known. */
  readonly tables: readonly ExtensionTable[];
  /** What the campaign's message may read; undefined where it was not asked for. */
  readonly dataSources: readonly DataSource[] | undefined;
}

export interface CampaignPlanning {
  readonly plan: CampaignPlan;
  readonly newTables: readonly NewTable[];
  /** Empty when the job can start. */
  readonly faults: readonly string[];
}

/** Names that a fault offers, those most like the one that was given first. */
const namesOffered = 10;

/** Answers without a type come from lists that were asked for e-mail campaigns alone. */
const isEmail = ({ type }: Campaign): boolean => type === '' || type.toUpperCase() === 'EMAIL';

/** Whether a trigger of it can send mail. */
export const canBeTriggered = (campaign: Campaign): boolean =>
  isEmail(campaign) && campaign.status.toUpperCase() !== 'CLOSED';

export function planCampaign(
  job: ExportCampaignConfiguration,
  account: CampaignAccount,
  userFields: ReadonlyMap<string, Kind>,
  audiences: readonly Audience[],
): CampaignPlanning {
  const { campaign } = account;
  const faults: string[] = [];
  const unusable = campaignFault(job.campaign, account);
  if (unusable !== undefined) faults.push(`campaign: ${unusable}`);
  const list = listOf(campaign, account.lists);
  if (campaign !== undefined && unusable === undefined && list === undefined)
    faults.push(`campaign: ${listFault(campaign, account.lists)}`);
  if (!userFields.has(job.emailField)) faults.push(`emailField: ${unknownField(job.emailField, userFields)}`);
  const fields = planFields({
    additionalFields: job.additionalFields,
    table: job.fieldsTable,
    tables: account.tables,
    folder: job.folder ?? list?.folderName ?? '',
    userFields,
    faults,
  });
  return {
    plan: {
      campaign: campaign?.name ?? job.campaign,
      campaignId: campaign?.id ?? null,
      purpose: campaign === undefined || campaign.purpose === '' ? null : campaign.purpose,
      list: list?.name ?? campaign?.listName ?? '',
      audienceIds: audiences.map(({ id }) => id),
      emailField: job.emailField,
      fields: fields?.table ?? null,
      warnings: [
        ...(campaign === undefined ? [] : permissionWarnings(job, campaign)),
        ...sourceWarnings(fields?.table.name, campaign?.name ?? job.campaign, account.dataSources),
        ...alsoInList(fields, list),
      ],
    },
    newTables: fields?.make === undefined ? [] : [fields.make],
    faults,
  };
}

/** The list that a campaign is sent to. */
export const listOf = (
  campaign: Campaign | undefined,
  lists: readonly ProfileList[],
): ProfileList | undefined =>
  campaign === undefined ? undefined : lists.find(({ name }) => sameName(name, campaign.listName));

function campaignFault(named: string, { campaign, campaigns }: CampaignAccount): string | undefined {
  const offered = offer(named, campaigns);
  if (campaign === undefined) return `the account has no campaign "${named}"; ${offered}`;
  if (!isEmail(campaign))
    return `"${campaign.name}" is of the type ${campaign.type}, which no e-mail is sent by; ${offered}`;
  if (!canBeTriggered(campaign))
    return `"${campaign.name}" is CLOSED, which triggers nothing: open it in Responsys, or name another; ${offered}`;
  return undefined;
}

function offer(named: string, campaigns: readonly Campaign[]): string {
  const wanted = named.toLowerCase();
  const names = campaigns
    .filter(canBeTriggered)
    .map(({ name }) => ({ name, distance: leven(wanted, name.toLowerCase()) }))
    .sort((one, other) => one.distance - other.distance)
    .map(({ name }) => name);
  if (names.length === 0) return 'it has no e-mail campaign that is not closed';
  const more = names.length - namesOffered;
  return `it has ${names.slice(0, namesOffered).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function listFault({ name, listName }: Campaign, lists: readonly ProfileList[]): string {
  if (listName === '')
    return `Responsys does not say to which profile list "${name}" is sent: choose one in the campaign`;
  const names = lists.map((one) => one.name).join(', ');
  return `"${name}" is sent to the list ${listName}, which this login does not see; it sees ${names === '' ? 'none' : names}`;
}

/** New members with an opt-out get no promotional mail. */
function permissionWarnings(
  { insertOnNoMatch, defaultPermissionStatus }: ExportCampaignConfiguration,
  { name, purpose }: Campaign,
): readonly string[] {
  const isTransactional = purpose.toUpperCase() === 'TRANSACTIONAL';
  if (!insertOnNoMatch || defaultPermissionStatus === 'OPTIN' || isTransactional) return [];
  const skips =
    purpose === ''
      ? `Responsys does not tell the purpose of ${name}; if it is promotional, it skips them`
      : `${name} is ${purpose} and skips them`;
  return [
    `New list members are OPTOUT (defaultPermissionStatus), and ${skips}: ` +
      'say OPTIN where these people agreed to be mailed.',
  ];
}

function sourceWarnings(
  table: string | undefined,
  campaign: string,
  sources: readonly DataSource[] | undefined,
): readonly string[] {
  if (table === undefined || sources === undefined) return [];
  if (sources.some(({ name }) => sameName(name, table))) return [];
  return [
    `The table ${table} is not among the data sources of ${campaign}, so that its message cannot read it: ` +
      'add it in Responsys. As optional data of each trigger the fields reach the message all the same.',
  ];
}
