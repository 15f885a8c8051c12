/**
 * The live details of an export, in Markdown, as the Web UI shows them. Pure.
 */
import type { ExportStatus } from '../jobs/messages.ts';
import type { Progress } from '../activities/export-audience.ts';
import { count, heading, reasonLines, troubleLines } from './details.ts';

export function exportDetails(status: ExportStatus, progress: Progress | undefined): string {
  const lines = [
    `### ${heading(status, { walking: 'Scanning the audience', following: 'Following the audience' })}`,
    '',
    ...reasonLines(status),
  ];
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
  lines.push(...troubleLines(status, progress));
  return lines.join('\n');
}
