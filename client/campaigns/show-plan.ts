/**
 * A campaign job's plan as people and scripts read it. Values of people are masked before they come here.
 */
import type { MaskedRequest } from '../../activities/delivery/first-bodies.ts';
import type { ExportCampaignConfiguration } from '../../jobs/export-campaign.ts';
import { minutesOf, showPace } from '../kinds/pace.ts';
import { showBodies, showChecks, showTablesToMake, shortenedMerge } from '../kinds/show-plan.ts';
import type { Output } from '../output.ts';
import { fatesInWords } from './fates.ts';
import { missedInWords } from './missed.ts';
import type { PlannedCampaign } from './plan.ts';

type Settled = NonNullable<PlannedCampaign['settled']>;

const checked = [
  'authorization',
  'audience',
  'emailField',
  'campaign',
  'additionalFields',
  'fieldsTable',
] as const satisfies readonly (keyof ExportCampaignConfiguration)[];

/** Recipients of a trigger that people are shown; scripts get them all. */
const shownRecipients = 2;

export function showCampaignPlan(
  output: Output,
  configuration: ExportCampaignConfiguration,
  { label, job, missed, faults, settled }: PlannedCampaign,
): void {
  output.result({
    label,
    job: job === undefined ? null : { id: job.id, state: job.state },
    enteredWhileStopped: missed,
    faults,
    warnings: settled?.plan.warnings ?? [],
    ...(settled === undefined ? {} : asResult(settled)),
  });
  showChecks(output, checked, configuration, faults, settled !== undefined);
  for (const warning of settled?.plan.warnings ?? []) output.line(`Note: ${warning}`);
  const words = missedInWords(missed, configuration);
  if (words !== undefined) output.line(`Note: ${words}`);
  if (settled !== undefined) showSettled(output, configuration, settled);
  output.line();
  output.line('Nothing was sent.');
}

const asResult = ({ plan, newTables, audiences, rehearsal, pace }: Settled) => ({
  campaign: { name: plan.campaign, purpose: plan.purpose, list: plan.list },
  tablesToMake: newTables,
  columns: plan.fields?.columns ?? [],
  audiences: audiences.map(({ name, members }) => ({ name, members })),
  ...rehearsal,
  pace,
  minutes: minutesOf(pace),
});

function showSettled(
  output: Output,
  { backfill, mailsADay, canary }: ExportCampaignConfiguration,
  { plan, newTables, audiences, rehearsal, pace }: Settled,
): void {
  output.line();
  output.line(
    `Campaign: ${plan.campaign}, ${plan.purpose ?? 'of a purpose that Responsys does not tell'}, to the list ${plan.list}`,
  );
  showTablesToMake(output, newTables);
  if (plan.fields !== null) {
    const { name, columns } = plan.fields;
    output.table(
      ['table', 'user field', 'column, and name in optional data', 'type'],
      columns.map(({ field, column, type }) => [name, field, column, type]),
    );
    output.line();
  }
  output.table(
    ['audience', 'members'],
    audiences.map(({ name, members }) => [name, members]),
  );
  output.line();
  output.line(
    backfill
      ? 'The back-fill mails those who are members now:'
      : 'Mailed is who enters from now on. A back-fill (backfill: true, or "jobs backfill") would mail:',
  );
  output.table(
    ['stays', ''],
    [
      [rehearsal.present, 'members now, once for each audience'],
      [rehearsal.mailed, 'of them would be mailed'],
      ...rehearsal.notMailed.map(({ reason, stays }) => [stays, `not mailed: ${inWords(reason)}`] as const),
      ...rehearsal.told.map(({ words, members }) => [members, words] as const),
    ],
  );
  if (mailsADay !== undefined && rehearsal.mailed > mailsADay)
    output.line(
      `mailsADay: ${mailsADay} mails in 24 hours, so that it takes ${Math.ceil(rehearsal.mailed / mailsADay)} days.`,
    );
  if (canary !== undefined) output.line(`After the first ${canary} it waits for "jobs approve".`);
  output.line();
  showPace(output, pace);
  output.line(`${backfill ? 'The' : 'Such a'} back-fill takes at least ${minutesOf(pace)} minutes.`);
  showBodies(output, rehearsal.bodies, shortened);
}

const reasons: Readonly<Record<string, string>> = {
  ...fatesInWords,
  'has-its-fate': 'of a stay that this job has settled already',
  'no-address': 'no address in the Email Field',
  'bad-email': 'no valid address in the Email Field',
};

const inWords = (reason: string): string => reasons[reason] ?? reason;

/** As JSON, with the first recipients only. */
function shortened(request: MaskedRequest): string {
  const { recipientData } = request.body as { recipientData?: readonly unknown[] };
  if (recipientData === undefined) return shortenedMerge(request);
  const more = `… ${recipientData.length - shownRecipients} more`;
  const first = [
    ...recipientData.slice(0, shownRecipients),
    ...(recipientData.length > shownRecipients ? [more] : []),
  ];
  return JSON.stringify({ recipientData: first }).replace(`"${more}"`, more);
}
