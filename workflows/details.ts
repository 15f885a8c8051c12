/**
 * What the live details of jobs that follow an audience have in common. Pure.
 */
import type { ExportStatus } from '../jobs/messages.ts';
import type { Progress } from '../activities/export-audience.ts';

export const count = (number: number): string => String(number).replace(/\B(?=(\d{3})+$)/g, ',');

/** What a running job is called while it walks, and while it follows. */
export interface Doing {
  readonly walking: string;
  readonly following: string;
}

export function heading(status: ExportStatus, doing: Doing): string {
  switch (status.state) {
    case 'checking':
      return 'Checking the configuration against the account';
    case 'running':
      return status.scanning ? doing.walking : doing.following;
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

export const reasonLines = ({ reason }: ExportStatus): readonly string[] =>
  reason === '' ? [] : [`> ${reason.replaceAll('\n', '\n> ')}`, ''];

/** When the next batch goes, and what stands in the way. */
export function troubleLines(
  status: ExportStatus,
  progress: Pick<Progress, 'throttling' | 'lastError'> | undefined,
): readonly string[] {
  const lines = [`Next flush: ${status.nextFlushAt ?? 'nothing is queued'}`];
  if (status.refusedItems > 0)
    lines.push('', `Items of signals not understood: ${count(status.refusedItems)}`);
  for (const { api, until } of progress?.throttling ?? [])
    lines.push('', `Responsys throttled "${api}": it is called from ${until} on, by itself`);
  if (progress?.lastError != null) lines.push('', `Last error: ${progress.lastError}`);
  return lines;
}
