/**
 * What a changed file means for a campaign job that is there: which fields differ, and what each change takes.
 * One table says it of every field. Nobody is mailed again for any of them. Pure.
 */
import { goneFrom, refusedChanges } from './change-effects.ts';
import type { Change, Effect } from './change-effects.ts';
import { changedFields } from './changed-fields.ts';
import { exportCampaignSchema } from './export-campaign.ts';
import type { ExportCampaignConfiguration } from './export-campaign.ts';

type Field = keyof ExportCampaignConfiguration;

const effects: Readonly<Record<Field, Effect>> = {
  job: 'fixed',
  authorization: 'fixed',
  label: 'fixed',
  description: 'next',
  audience: 'fixed',
  emailField: 'account',
  campaign: 'fixed',
  // A job that runs is told by `backfill`.
  backfill: 'next',
  additionalFields: 'account',
  fieldsTable: 'account',
  folder: 'next',
  insertOnNoMatch: 'account',
  defaultPermissionStatus: 'account',
  batchSize: 'next',
  flushInterval: 'next',
  oneMailInDays: 'next',
  mailsADay: 'next',
  canary: 'next',
  stopWhenRejected: 'next',
};

export type CampaignDifference = Change<Field>;

export function campaignDifferences(
  before: ExportCampaignConfiguration,
  after: ExportCampaignConfiguration,
): readonly CampaignDifference[] {
  const { job, authorization, label, audience, campaign } = before;
  // A setting that came after the job was made is at its default.
  const known = exportCampaignSchema.safeParse({ job, authorization, label, audience, campaign });
  const was: ExportCampaignConfiguration = { ...(known.data ?? after), ...before };
  return changedFields(Object.keys(effects) as Field[], was, after).map((change) => ({
    ...change,
    effect: effects[change.field],
  }));
}

/** Why a change cannot be made to a job that is there, each as "field: what"; empty where it can. */
export const fixedCampaignFaults = (differences: readonly CampaignDifference[]): readonly string[] =>
  refusedChanges(differences, 'would mean other mails');

/** What stays as it was when a change is made, in the reader's words. */
export const leftByCampaign = (differences: readonly CampaignDifference[]): readonly string[] =>
  differences.flatMap((difference) => {
    const { field, from, to } = difference;
    if (field === 'backfill' && to === true)
      return ['A job that runs mails the present members when "jobs backfill" tells it.'];
    if (field === 'fieldsTable')
      return [`The table ${String(from)} keeps what it has: nothing updates it any more.`];
    if (field !== 'additionalFields' || goneFrom(difference).length === 0) return [];
    const gone = goneFrom(difference).join(', ');
    return [`additionalFields: the columns of ${gone} keep what they have: nothing updates them any more.`];
  });
