/** How a campaign job stands, as people read it. */
import { exportCampaignWorkflowId } from '../../jobs/job-id.ts';
import { stateInWords } from '../../jobs/state-words.ts';
import type { MailFate } from '../../systems/store/campaign-claims.ts';
import type { Context } from '../context.ts';
import type { Output } from '../output.ts';
import { showFacts } from '../facts.ts';
import type { Fact } from '../facts.ts';
import { trouble } from '../kinds/watch.ts';
import { workflowUrl } from '../workflow-url.ts';
import { fatesInWords } from './fates.ts';
import type { CampaignSummary } from './summary.ts';

const walks = {
  audience: 'scanned',
  backfill: 'back-fill',
  retry: 'rejected, mailed again',
  unknown: 'unknown, mailed again',
} as const;

export function showCampaign(output: Output, context: Context, summary: CampaignSummary): void {
  const url = workflowUrl(context, exportCampaignWorkflowId(summary.id));
  output.result({ ...summary, url });
  const { scan, fates } = summary;
  const rows: Fact[] = [
    ['job', `${summary.label} (${summary.id})`],
    ['state', [stateInWords(summary.state), summary.reason].filter((text) => text !== '').join(': ')],
    ['audience → campaign', `${summary.audience.join(', ')} → ${summary.campaign}`],
    ['purpose', summary.purpose ?? '–'],
    ['list', summary.list ?? '–'],
    ['fields table', summary.fieldsTable ?? 'none'],
    ['authorization', summary.authorization],
    [walks[scan?.kind ?? 'backfill'], scan === null ? 'none' : `${scan.done} of ${scan.total}`],
    ['entered', summary.entered],
  ];
  for (const fate of Object.keys(fatesInWords) as MailFate[]) {
    rows.push([`  ${fatesInWords[fate]}`, fates[fate]]);
    if (fate !== 'rejected') continue;
    for (const { reason, mails } of summary.rejectedBecause) rows.push([`    ${reason}`, mails]);
  }
  rows.push(
    ['queued', summary.queued ?? 'unknown: its workflow does not answer'],
    ['next flush', summary.nextFlushAt ?? '–'],
  );
  for (const { target, requests, rows: sent } of summary.requests)
    rows.push([`requests, ${target}`, `${requests} with ${sent} rows`]);
  if (fates.rejected > 0)
    rows.push(['why, in Responsys’ words', `lytics-responsys jobs failures ${summary.id}`]);
  if (fates.unknown > 0)
    rows.push(['who may have got none', `lytics-responsys jobs send-unknown ${summary.id}`]);
  rows.push(['what became of the mails', `lytics-responsys jobs outcomes ${summary.id}`]);
  if (summary.lastError !== null) rows.push(['last error', summary.lastError]);
  if (summary.refusedItems > 0) rows.push(['not understood', `${summary.refusedItems} items of signals`]);
  for (const warning of summary.warnings) rows.push(['note', warning]);
  if (url !== undefined) rows.push(['Web UI', url]);
  showFacts(output, rows);
}

export function oneLine({ state, reason, scan, entered, fates, queued, lastError }: CampaignSummary): string {
  const walked = scan === null ? '' : ` · ${walks[scan.kind]} ${scan.done}/${scan.total}`;
  const kept =
    fates.left + fates['same-address'] + fates['opted-out'] + fates['too-soon'] + fates['not-in-list'];
  return (
    `${stateInWords(state)}${walked} · entered ${entered} · accepted ${fates.accepted} · rejected ${fates.rejected}` +
    ` · unknown ${fates.unknown} · not mailed ${kept} · waiting ${fates.waiting + fates.claimed}` +
    ` · queued ${queued ?? '?'}${trouble(reason, lastError)}`
  );
}

export const listCampaigns = (
  output: Output,
  jobs: readonly Pick<CampaignSummary, 'id' | 'label' | 'state' | 'entered' | 'fates' | 'reason'>[],
): void =>
  output.table(
    ['campaign', 'label', 'state', 'entered', 'accepted', 'rejected', 'unknown', 'waiting', 'reason'],
    jobs.map(({ id, label, state, entered, fates, reason }) => [
      id,
      label,
      stateInWords(state),
      entered,
      fates.accepted,
      fates.rejected,
      fates.unknown,
      fates.waiting,
      reason.split('\n')[0] ?? '',
    ]),
  );
