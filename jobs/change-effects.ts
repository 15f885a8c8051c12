/**
 * What a changed field of a file takes where the job is there: each kind of job has one table of it. Pure.
 */
import type { FieldChange } from './changed-fields.ts';

/** `fixed`: refused. `account`: the account is checked again. `next`: holds from the next send on. */
export type Effect = 'fixed' | 'account' | 'next';

export interface Change<Field extends string = string> extends FieldChange<Field> {
  readonly effect: Effect;
}

/** Whether the account has to be checked again. */
export const needsCheck = (changes: readonly Change[]): boolean =>
  changes.some(({ effect }) => effect === 'account');

/** @param meaning of a change that is refused, such as "would mean other records" */
export const refusedChanges = (changes: readonly Change[], meaning: string): readonly string[] =>
  changes
    .filter(({ effect }) => effect === 'fixed')
    .map(({ field, from, to }) => {
      const change = `${field}: from ${shown(from)} to ${shown(to)} ${meaning}`;
      const login = '; for another login of the same account: "authorizations update"';
      return (
        `${change}: stop the job and start another under another label` +
        (field === 'authorization' ? login : '')
      );
    });

/** @param field that lists names. @returns names that it no longer has */
export const goneFrom = ({ from, to }: FieldChange): readonly string[] => {
  const after = new Set(to as readonly string[]);
  return (from as readonly string[]).filter((name) => !after.has(name));
};

const shown = (value: unknown): string =>
  typeof value === 'string' ? value : value === null ? 'none' : JSON.stringify(value);
