/**
 * What is asked of several kinds of job, in the specification's words: Authorization, Label, Description first.
 */
import { checkbox, input, select } from '@inquirer/prompts';
import { kindTitles } from '../../jobs/authorization.ts';
import type { AuthorizationKind } from '../../jobs/authorization.ts';
import { columnNameFault } from '../../jobs/column-name.ts';
import { maxAdditionalFields } from '../../jobs/limits.ts';
import { addAuthorization, listAuthorizations } from '../../systems/store/authorizations.ts';
import { knownAccounts } from '../../systems/store/event-accounts.ts';
import type { Pool } from '../../systems/store/database.ts';
import { kindOfJob } from '../../systems/store/jobs.ts';
import { checkAuthorization } from '../authorizations/fields.ts';
import { ask } from '../authorizations/prompts.ts';
import type { Context } from '../context.ts';

const newOne = '';

/** @param kinds that the job takes. @returns its label */
export async function askAuthorization(
  context: Context,
  kinds: readonly [AuthorizationKind, ...AuthorizationKind[]],
): Promise<string> {
  const store = await context.store();
  const present = (await listAuthorizations(store)).filter(({ kind }) => kinds.includes(kind));
  const chosen = await select({
    message: 'Authorization',
    choices: [
      ...present.map(({ label }) => ({ value: label, name: label })),
      { value: newOne, name: 'create a new one' },
    ],
  });
  if (chosen !== newOne) return chosen;
  const [only, ...others] = kinds;
  const kind =
    others.length === 0
      ? only
      : await select({
          message: 'Authorization type',
          choices: kinds.map((value) => ({ value, name: kindTitles[value] })),
        });
  const fields = await ask(kind, {}, await knownAccounts(store));
  return (await addAuthorization(store, context.key(), checkAuthorization(fields, context.allowHosts))).label;
}

export const askLabel = (store: Pool): Promise<string> =>
  input({
    message: 'Label',
    validate: async (value) => {
      if (value.trim() === '') return 'Label is required';
      const taken = await kindOfJob(store, value.trim());
      return taken === undefined || `A job called "${value.trim()}" exists`;
    },
  }).then((value) => value.trim());

export const askDescription = (): Promise<string> => input({ message: 'Description (optional)' });

export const upTo =
  (most: number, what: string) =>
  (chosen: readonly unknown[]): true | string =>
    chosen.length <= most || `Up to ${most} ${what} are allowed, these are ${chosen.length}`;

export const askAdditionalFields = (fields: readonly string[]): Promise<string[]> =>
  checkbox({
    message: `Additional Fields (optional, up to ${maxAdditionalFields})`,
    choices: fields.map((value) => {
      const fault = columnNameFault(value);
      return { value, ...(fault === undefined ? {} : { disabled: `as a column it ${fault}` }) };
    }),
    validate: upTo(maxAdditionalFields, 'user fields'),
  });
