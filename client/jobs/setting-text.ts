/** A setting's value as people read it: durations and shares with their unit, lists without brackets. */
import { durationText } from '../../jobs/duration.ts';

const durations = new Set(['flushInterval', 'interval', 'stableFor']);

export function settingText(name: string, value: unknown): string {
  if (durations.has(name) && typeof value === 'number') return durationText(value);
  if (name === 'stopWhenRejected') return `${String(value)}%`;
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.join(', ');
  return typeof value === 'string' ? value : JSON.stringify(value);
}
