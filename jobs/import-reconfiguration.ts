/**
 * What a changed file means for an import that is there: which fields differ, and which of them may. Pure.
 */
import { changedFields } from './changed-fields.ts';
import type { FieldChange } from './changed-fields.ts';
import type { ImportActivityConfiguration } from './import-activity.ts';

type Field = keyof ImportActivityConfiguration;

/** `fixed`: means other files; refused. `next`: holds for what is read from then on. */
const effects: Readonly<Record<Field, 'fixed' | 'next'>> = {
  job: 'fixed',
  authorization: 'fixed',
  label: 'fixed',
  description: 'next',
  folder: 'fixed',
  accountIds: 'next',
  customDelimiter: 'next',
  mapping: 'next',
  interval: 'next',
  parallelFiles: 'next',
  marker: 'next',
  stableFor: 'next',
  afterSuccess: 'next',
  timeZone: 'next',
  startDate: 'next',
};

export type ImportDifference = FieldChange<Field>;

export const importDifferences = (
  before: ImportActivityConfiguration,
  after: ImportActivityConfiguration,
): readonly ImportDifference[] => changedFields(Object.keys(effects) as Field[], before, after);

/** Why a change cannot be made to an import that is there, each as "field: what"; empty where it can. */
export const fixedImportFaults = (differences: readonly ImportDifference[]): readonly string[] =>
  differences
    .filter(({ field }) => effects[field] === 'fixed')
    .map(
      ({ field, from, to }) =>
        `${field}: from ${JSON.stringify(from)} to ${JSON.stringify(to)} would mean other files: stop the job and start another under another label`,
    );
