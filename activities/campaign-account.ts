/**
 * Holds a campaign job's configuration against the account as it is now: reads what the account and the store
 * have, and leaves the judging to campaign-planning.ts. The client's plan and the job's check both use it.
 */
import type { CampaignPlan } from '../jobs/campaign-plan.ts';
import { ExpectedError } from '../jobs/errors.ts';
import type { ExportCampaignConfiguration } from '../jobs/export-campaign.ts';
import { ResponsysError } from '../systems/responsys/index.ts';
import type { Campaigns, DataSource, Responsys } from '../systems/responsys/index.ts';
import type { Audience } from '../systems/store/audiences.ts';
import type { Database } from '../systems/store/database.ts';
import { accountWarning } from '../systems/store/event-accounts.ts';
import { readUserFields } from '../systems/store/user-fields.ts';
import { findAudiences } from './account-planning.ts';
import { canBeTriggered, listOf, planCampaign } from './campaign-planning.ts';
import type { CampaignAccount, CampaignPlanning } from './campaign-planning.ts';
import { makeTable } from './make-table.ts';

type Account = Pick<Responsys, 'lists' | 'extensionTables'> & Campaigns;

/** Reads only. */
export async function planCampaignAgainstAccount(
  store: Database,
  responsys: Account,
  configuration: ExportCampaignConfiguration,
  audiences: readonly Audience[],
  signal?: AbortSignal,
): Promise<CampaignPlanning> {
  const account = await readAccount(responsys, configuration, signal);
  const planning = planCampaign(configuration, account, await readUserFields(store), audiences);
  const warning = await accountWarning(store, configuration.authorization);
  if (warning === undefined) return planning;
  return { ...planning, plan: { ...planning.plan, warnings: [...planning.plan.warnings, warning] } };
}

async function readAccount(
  responsys: Account,
  { campaign: name, additionalFields }: ExportCampaignConfiguration,
  signal: AbortSignal | undefined,
): Promise<CampaignAccount> {
  const [campaign, lists] = await Promise.all([responsys.campaign(name, signal), responsys.lists(signal)]);
  if (campaign === undefined || !canBeTriggered(campaign)) {
    const campaigns = await responsys.campaigns(signal);
    return { campaign, campaigns, lists, tables: [], dataSources: undefined };
  }
  const list = listOf(campaign, lists);
  const [tables, dataSources] =
    additionalFields.length === 0 || list === undefined
      ? [[], undefined]
      : await Promise.all([
          responsys.extensionTables(list.name, signal),
          readSources(responsys, campaign.name, signal),
        ]);
  return { campaign, campaigns: [], lists, tables, dataSources };
}

/** Only a warning depends on them: an account that does not give them goes without. */
async function readSources(
  responsys: Campaigns,
  campaign: string,
  signal: AbortSignal | undefined,
): Promise<readonly DataSource[] | undefined> {
  try {
    return await responsys.campaignDataSources(campaign, signal);
  } catch (error) {
    const refusals: readonly string[] = ['refused', 'not-found', 'not-allowed'];
    if (error instanceof ResponsysError && refusals.includes(error.kind)) return undefined;
    throw error;
  }
}

/** The audiences that a configuration names, and one fault for each name that no audience has. */
export const findCampaignAudiences = (
  store: Database,
  { audience }: Pick<ExportCampaignConfiguration, 'audience'>,
): ReturnType<typeof findAudiences> =>
  findAudiences(
    store,
    audience.map((name) => ({ field: 'audience', name })),
  );

/**
 * A job's check: what it plans holds from then on, and the table that it takes is made.
 * @throws ExpectedError CONFIGURATION_REFUSED with every fault
 */
export async function settleCampaign(
  store: Database,
  responsys: Responsys & Campaigns,
  configuration: ExportCampaignConfiguration,
  audiences: readonly Audience[],
  signal: AbortSignal,
): Promise<CampaignPlan> {
  const { plan, newTables, faults } = await planCampaignAgainstAccount(
    store,
    responsys,
    configuration,
    audiences,
    signal,
  );
  if (faults.length > 0)
    throw new ExpectedError('CONFIGURATION_REFUSED', faults.map((fault) => `${fault}.`).join('\n'));
  for (const table of newTables) await makeTable(responsys, plan.list, table, signal);
  return plan;
}
