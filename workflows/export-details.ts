/**
 * The live details of an export, in Markdown, as the Web UI shows them. Pure.
 */
import type { ExportStatus } from '../jobs/messages.ts';
import type { Progress } from '../activities/export-audience.ts';

const count = (number: number): string => String(number).replace(/\B(?=(\d{3})+$)/g, ',');

export function exportDetails(status: ExportStatus, progress: Progress | undefined): string {
  const lines = [`### ${heading(status)}`, ''];
  if (status.reason !== '') lines.push(`> ${status.reason.replaceAll('\n', '\n> ')}`, '');
  if (progress !== undefined) {
    const { counts, scan } = progress;
    const sent = counts.accepted + counts.rejected + counts['not-in-list'];
    lines.push('| | members |', '|---|---:|');
    if (scan !== null) lines.push(`| scanned | ${count(scan.done)} of ${count(scan.total)} |`);
    lines.push(
      `| sent | ${count(sent)} |`,
      `| accepted | ${count(counts.accepted)} |`,
      `| rejected | ${count(counts.rejected)} |`,
      `| not in list | ${count(counts['not-in-list'])} |`,
      `| queued | ${count(status.queued)} |`,
      '',
    );
  }
  lines.push(`Next flush: ${status.nextFlushAt ?? 'nothing is queued'}`);
  if (status.refusedItems > 0)
    lines.push('', `Items of signals not understood: ${count(status.refusedItems)}`);
  for (const { api, until } of progress?.throttling ?? [])
    lines.push('', `Responsys throttled "${api}": it is called from ${until} on, by itself`);
  if (progress?.lastError != null) lines.push('', `Last error: ${progress.lastError}`);
  return lines.join('\n');
}

function heading(status: ExportStatus): string {
  switch (status.state) {
    case 'checking':
      return 'Checking the configuration against the account';
    case 'running':
      return status.scanning ? 'Scanning the audience' : 'Following the audience';
    case 'paused':
      return 'Paused';
    case 'waiting':
      return 'Waiting for Responsys: it goes on by itself';
    case 'approval':
      return 'Waiting for approval: "approve" sends the rest, "stop" ends';
    case 'parked':
      return 'Parked: it waits for a person, and for "resume"';
    case 'stopping':
      return 'Stopping';
  }
}
