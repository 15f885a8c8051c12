/**
 * Types of event files that have not come for longer than is usual: the export in Responsys may have stopped,
 * and nothing else shows it. Pure.
 */
import { median } from './median.ts';

export interface FilesOfType {
  readonly accountId: string;
  readonly eventType: string;
  /** When each of its files was written. */
  readonly writtenAtMs: readonly number[];
}

export interface OverdueType {
  /** Null where all files are of one account. */
  readonly accountId: string | null;
  readonly eventType: string;
  readonly sinceMs: number;
  /** The median of what lies between two files. */
  readonly usualMs: number;
}

/** With fewer files nothing is usual yet. */
const fewestFiles = 4;

/** Those whose newest file is older than twice what usually lies between two. */
export function overdueTypes(types: readonly FilesOfType[], nowMs: number): readonly OverdueType[] {
  const areOfOne = new Set(types.map(({ accountId }) => accountId)).size === 1;
  return types.flatMap(({ accountId, eventType, writtenAtMs }) => {
    const times = writtenAtMs.toSorted((one, other) => one - other);
    const newest = times.at(-1);
    if (newest === undefined || times.length < fewestFiles) return [];
    const usualMs = median(times.slice(1).map((at, index) => at - (times[index] ?? at)));
    const sinceMs = nowMs - newest;
    // Files that all came at once tell of no rhythm.
    return usualMs > 0 && sinceMs > 2 * usualMs
      ? [{ accountId: areOfOne ? null : accountId, eventType, sinceMs, usualMs }]
      : [];
  });
}

export const overdueInWords = ({ accountId, eventType, sinceMs, usualMs }: OverdueType): string =>
  `no ${eventType} file${accountId === null ? '' : ` of the account ${accountId}`} since ${roughly(sinceMs)}` +
  ` (usual: ${roughly(usualMs)})`;

/** Such as `14 h`: two digits are enough to see that something is late. */
function roughly(ms: number): string {
  const minutes = ms / 60_000;
  if (minutes < 90) return `${Math.max(Math.round(minutes), 1)} min`;
  const hours = minutes / 60;
  return hours < 48 ? `${Math.round(hours)} h` : `${Math.round(hours / 24)} days`;
}
