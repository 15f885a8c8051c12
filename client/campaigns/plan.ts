/**
 * What a campaign job's file would do, without doing it: checks, the table to be made, who would be mailed by a
 * back-fill and who not, requests, first bodies. Asks the account by reads alone; the one POST is the login.
 */
import { findCampaignAudiences, planCampaignAgainstAccount } from '../../activities/campaign-account.ts';
import type { CampaignPlanning } from '../../activities/campaign-planning.ts';
import { rehearseBackfill } from '../../activities/mailing/rehearse.ts';
import type { BackfillRehearsal } from '../../activities/mailing/rehearse.ts';
import type { ExportCampaignConfiguration } from '../../jobs/export-campaign.ts';
import type { Responsys } from '../../systems/responsys/index.ts';
import { summariseAudiences } from '../../systems/store/audiences.ts';
import { readCampaignJobs } from '../../systems/store/campaign-jobs.ts';
import type { CampaignJob } from '../../systems/store/campaign-jobs.ts';
import { kindOfJob } from '../../systems/store/jobs.ts';
import type { Context } from '../context.ts';
import { connectChecked, reading } from '../kinds/account-checks.ts';
import { missedBy } from './missed.ts';
import { readPace } from '../kinds/pace.ts';
import type { Pace } from '../kinds/pace.ts';

interface AudienceSize {
  readonly name: string;
  readonly members: number;
}

export interface PlannedCampaign {
  readonly label: string;
  /** The job of this label, where there is one. */
  readonly job: CampaignJob | undefined;
  /** Members who entered while that job was stopped, and are there still. */
  readonly missed: number;
  /** Everything that is wrong, each as "field: what"; empty where the job can start. */
  readonly faults: readonly string[];
  /** Undefined where it takes what is wrong to be mended first. */
  readonly settled:
    | (Pick<CampaignPlanning, 'plan' | 'newTables'> & {
        readonly audiences: readonly AudienceSize[];
        readonly rehearsal: BackfillRehearsal;
        readonly pace: readonly Pace[];
      })
    | undefined;
}

interface Checked {
  readonly job: CampaignJob | undefined;
  readonly faults: readonly string[];
  /** Undefined where the account could not be looked at. */
  readonly found: { readonly responsys: Responsys; readonly planning: CampaignPlanning } | undefined;
}

/** @throws ExpectedError SERVICE_UNAVAILABLE: then nothing is known of what is right or wrong */
export async function checkCampaign(
  context: Context,
  configuration: ExportCampaignConfiguration,
): Promise<Checked> {
  const store = await context.store();
  const { label } = configuration;
  const kind = await kindOfJob(store, label);
  const taken =
    kind === undefined || kind === 'export-campaign'
      ? []
      : [`label: a job called "${label}" exists, of the kind ${kind}`];
  const job = (await readCampaignJobs(store, label)).find((one) => one.label === label);
  const audiences = await findCampaignAudiences(store, configuration);
  const faults = [...taken, ...audiences.faults];
  const connected = await connectChecked(context, configuration.authorization);
  if ('fault' in connected) return { job, faults: [...faults, connected.fault], found: undefined };
  const { responsys } = connected;
  const planning = await reading(
    planCampaignAgainstAccount(store, responsys, configuration, audiences.found),
  );
  return { job, faults: [...faults, ...planning.faults], found: { responsys, planning } };
}

/** @throws ExpectedError SERVICE_UNAVAILABLE */
export async function planCampaignJob(
  context: Context,
  configuration: ExportCampaignConfiguration,
): Promise<PlannedCampaign> {
  const { job, faults, found } = await checkCampaign(context, configuration);
  const { label } = configuration;
  const store = await context.store();
  const missed = await missedBy(store, job);
  if (found === undefined || faults.length > 0) return { label, job, missed, faults, settled: undefined };
  const { plan, newTables } = found.planning;
  const rehearsal = await rehearseBackfill(store, await context.hashKeys(), plan, configuration, job?.id);
  const { list, fields, trigger } = rehearsal.requests;
  const pace = await readPace(found.responsys, [
    ['Merge List Recipients', list],
    ['Merge Profile Extension Recipients', fields],
    ['Trigger Email Message', trigger],
  ]);
  const sizes = await summariseAudiences(store);
  const audiences = sizes.filter(({ id }) => plan.audienceIds.includes(id));
  return { label, job, missed, faults, settled: { plan, newTables, audiences, rehearsal, pace } };
}
