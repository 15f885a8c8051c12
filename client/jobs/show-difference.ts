/**
 * What a changed file changes, as people read it.
 */
import { leftBehind, needsCheck } from '../../jobs/reconfiguration.ts';
import type { Difference } from '../../jobs/reconfiguration.ts';
import type { Output } from '../output.ts';

export function showDifferences(output: Output, differences: readonly Difference[]): void {
  output.table(
    ['field', 'old', 'new'],
    differences.map(({ field, from, to }) => [field, textOf(field, from), textOf(field, to)]),
  );
  for (const note of leftBehind(differences)) output.line(`Note: ${note}`);
  if (needsCheck(differences)) output.line('All members are sent again.');
}

function textOf(field: string, value: unknown): string {
  if (value === null) return '–';
  if (field === 'flushInterval') return `${Number(value) / 1000}s`;
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.join(', ');
  return typeof value === 'string' ? value : JSON.stringify(value);
}
