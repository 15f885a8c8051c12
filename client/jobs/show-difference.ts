/**
 * What a changed file changes, as people read it.
 */
import type { FieldChange } from '../../jobs/changed-fields.ts';
import { needsCheck } from '../../jobs/change-effects.ts';
import { leftBehind } from '../../jobs/reconfiguration.ts';
import type { Difference } from '../../jobs/reconfiguration.ts';
import type { Output } from '../output.ts';

export function showDifferences(output: Output, differences: readonly Difference[]): void {
  showChanges(output, differences);
  for (const note of leftBehind(differences)) output.line(`Note: ${note}`);
  if (needsCheck(differences)) output.line('All members are sent again.');
}

export const showChanges = (output: Output, changes: readonly FieldChange[]): void =>
  output.table(
    ['field', 'old', 'new'],
    changes.map(({ field, from, to }) => [field, textOf(field, from), textOf(field, to)]),
  );

const durations = new Set(['flushInterval', 'interval', 'stableFor']);

function textOf(field: string, value: unknown): string {
  if (value === null) return '–';
  if (durations.has(field)) return `${Number(value) / 1000}s`;
  // A mapping is pages of text.
  if (field === 'mapping') return 'an own one';
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.join(', ');
  return typeof value === 'string' ? value : JSON.stringify(value);
}
