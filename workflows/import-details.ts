/**
 * The live details of an import, in Markdown, as the Web UI shows them. Pure.
 */
import type { ImportProgress } from '../activities/import-activity.ts';
import type { ImportStatus } from '../jobs/import-messages.ts';

const count = (number: number): string => String(number).replace(/\B(?=(\d{3})+$)/g, ',');

export function importDetails(status: ImportStatus, progress: ImportProgress | undefined): string {
  const lines = [`### ${heading(status)}`, ''];
  if (status.reason !== '') lines.push(`> ${status.reason.replaceAll('\n', '\n> ')}`, '');
  if (progress !== undefined) {
    const { totals } = progress;
    lines.push(
      '| files | |',
      '|---|---:|',
      `| found | ${count(totals.found)} |`,
      `| done | ${count(totals.done)} |`,
      `| delivered again | ${count(totals.repeated)} |`,
      `| not whole yet | ${count(totals.waiting)} |`,
      `| to be tried again | ${count(totals.failed)} |`,
      `| set aside | ${count(totals.setAside)} |`,
      '',
      '| rows | |',
      '|---|---:|',
      `| events | ${count(totals.events)} |`,
      `| known already | ${count(totals.repeatedRows)} |`,
      `| rejected | ${count(totals.rejected)} |`,
      ...Object.entries(totals.byType).map(([type, events]) => `| \`${type}\` | ${count(events)} |`),
      '',
    );
    for (const file of progress.reading)
      lines.push(
        `- \`${file.name}\` ${file.percent}%, ${count(file.rows)} rows, ${count(file.rowsPerSecond)} a second`,
      );
  }
  lines.push('', `Next look at the folder: ${status.nextLookAt ?? 'none is due'}`);
  if (status.leftAlone > 0) lines.push('', `Files left alone: ${count(status.leftAlone)}`);
  // What comes while nobody looks is not known, and not late.
  if (status.state === 'running') for (const words of progress?.late ?? []) lines.push('', `Late: ${words}`);
  if (progress?.lastError != null) lines.push('', `Last error: ${progress.lastError}`);
  return lines.join('\n');
}

function heading({ state, reading }: ImportStatus): string {
  switch (state) {
    case 'checking':
      return 'Checking the configuration against the server';
    case 'running':
      return reading === 0
        ? 'Waiting for new files'
        : `Reading ${reading} ${reading === 1 ? 'file' : 'files'}`;
    case 'paused':
      return 'Paused';
    case 'parked':
      return 'Parked: it waits for a person, and for "resume"';
    case 'stopping':
      return 'Stopping';
  }
}
