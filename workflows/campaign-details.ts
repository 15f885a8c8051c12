/**
 * The live details of a campaign job, in Markdown, as the Web UI shows them. Pure.
 */
import type { CampaignProgress } from '../activities/export-campaign.ts';
import type { ExportStatus } from '../jobs/messages.ts';
import { count, heading, reasonLines, troubleLines } from './details.ts';

export function campaignDetails(status: ExportStatus, progress: CampaignProgress | undefined): string {
  const lines = [
    `### ${heading(status, { walking: 'Mailing the members that are there', following: 'Mailing who enters' })}`,
    '',
    ...reasonLines(status),
  ];
  if (progress !== undefined) {
    const { counts, walk } = progress;
    const entered = Object.values(counts).reduce((sum, mails) => sum + mails, 0);
    lines.push('| | mails |', '|---|---:|');
    if (walk !== null) lines.push(`| of the walk | ${count(walk.done)} of ${count(walk.total)} |`);
    lines.push(`| entered | ${count(entered)} |`);
    for (const [fate, mails] of Object.entries(counts))
      if (mails > 0 || fate === 'accepted') lines.push(`| ${fate} | ${count(mails)} |`);
    lines.push(`| queued | ${count(status.queued)} |`, '');
  }
  lines.push(...troubleLines(status, progress));
  return lines.join('\n');
}
