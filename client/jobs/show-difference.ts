/**
 * What a changed file changes, as people read it.
 */
import type { FieldChange } from '../../jobs/changed-fields.ts';
import { needsCheck } from '../../jobs/change-effects.ts';
import { leftBehind } from '../../jobs/reconfiguration.ts';
import type { Difference } from '../../jobs/reconfiguration.ts';
import type { Output } from '../output.ts';
import { settingText } from './setting-text.ts';

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

function textOf(field: string, value: unknown): string {
  if (value === null) return '–';
  // A mapping is pages of text.
  return field === 'mapping' ? 'an own one' : settingText(field, value);
}
