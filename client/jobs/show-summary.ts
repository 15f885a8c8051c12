/** How an export stands. */
import { exportAudienceWorkflowId } from '../../jobs/job-id.ts';
import { stateInWords } from '../../jobs/state-words.ts';
import type { Context } from '../context.ts';
import { showFacts } from '../facts.ts';
import type { Fact } from '../facts.ts';
import type { Output } from '../output.ts';
import { workflowUrl } from '../workflow-url.ts';
import type { JobSummary } from './summary.ts';

export function showSummary(output: Output, context: Context, summary: JobSummary): void {
  const url = workflowUrl(context, exportAudienceWorkflowId(summary.id));
  output.result({ ...summary, url });
  const rows: Fact[] = [
    ['job', `${summary.label} (${summary.id})`],
    ['state', [stateInWords(summary.state), summary.reason].filter((text) => text !== '').join(': ')],
    ['audience → list', `${summary.audience} → ${summary.list}`],
    ['authorization', summary.authorization],
    ['tables', summary.tables.join(', ') || 'none'],
    [
      summary.scan?.kind === 'retry' ? 'rejected, sent again' : 'scanned',
      summary.scan === null ? 'not yet' : `${summary.scan.done} of ${summary.scan.total}`,
    ],
    ['sent', summary.members.sent],
    ['accepted', summary.members.accepted],
    ['rejected', summary.members.rejected],
    ...summary.failures.map(({ target, code, members }) => [`  ${target}: ${code}`, members] satisfies Fact),
    ['not in list', summary.members.notInList],
    ['queued', summary.queued ?? 'unknown: its workflow does not answer'],
    ['next flush', summary.nextFlushAt ?? '–'],
  ];
  for (const { target, requests, rows: sent } of summary.requests)
    rows.push([`requests, ${target}`, `${requests} with ${sent} rows`]);
  if (summary.failures.length > 0)
    rows.push(['who, and in Responsys’ words', `lytics-responsys jobs failures ${summary.id}`]);
  if (summary.lastError !== null) rows.push(['last error', summary.lastError]);
  if (summary.refusedItems > 0) rows.push(['not understood', `${summary.refusedItems} items of signals`]);
  for (const warning of summary.warnings) rows.push(['note', warning]);
  if (url !== undefined) rows.push(['Web UI', url]);
  showFacts(output, rows);
}
