/**
 * Asks for an Export Audiences to Campaign job step by step, in the specification's order and words, and offers
 * what is really there: in the store, and in the account, which is asked by reads alone.
 */
import { checkbox, confirm, select } from '@inquirer/prompts';
import { canBeTriggered } from '../../activities/campaign-planning.ts';
import { ExpectedError } from '../../jobs/errors.ts';
import type { Campaign } from '../../systems/responsys/index.ts';
import { summariseAudiences } from '../../systems/store/audiences.ts';
import type { AudienceSummary } from '../../systems/store/audiences.ts';
import { readUserFields } from '../../systems/store/user-fields.ts';
import { connectLabelled } from '../authorizations/export-authorization.ts';
import type { Context } from '../context.ts';
import { reading } from '../kinds/account-checks.ts';
import type { JobAnswers } from '../kinds/kind.ts';
import { askAdditionalFields, askAuthorization, askDescription, askLabel } from '../kinds/questions.ts';

const usualEmailField = 'email';

export async function askForCampaign(context: Context): Promise<JobAnswers> {
  const store = await context.store();
  const audiences = await summariseAudiences(store);
  if (audiences.length === 0)
    throw new ExpectedError('NOT_FOUND', 'audience: there are none yet: see "audiences import".');
  const fields = [...(await readUserFields(store)).keys()];
  const authorization = await askAuthorization(context, ['responsys-interact']);
  const responsys = await connectLabelled(context, authorization);
  const campaigns = (await reading(responsys.campaigns())).filter(canBeTriggered);
  if (campaigns.length === 0)
    throw new ExpectedError(
      'NOT_FOUND',
      'campaign: the account has no e-mail campaign that is not closed: make one in Responsys.',
    );
  const label = await askLabel(store);
  const description = await askDescription();
  const audience = await askAudience(audiences);
  const emailField = await select({
    message: 'Email Field',
    choices: fields.map((value) => ({ value })),
    ...(fields.includes(usualEmailField) ? { default: usualEmailField } : {}),
  });
  const campaign = await askCampaign(campaigns);
  const backfill = await confirm({
    message: 'Back Fill (optional): mail users that are already members of the audience selected?',
    default: false,
  });
  const additionalFields = await askAdditionalFields(fields);
  return {
    job: 'export-campaign',
    authorization,
    label,
    ...(description === '' ? {} : { description }),
    audience: audience.length === 1 ? audience[0] : audience,
    emailField,
    campaign,
    backfill,
    additionalFields,
  };
}

const askAudience = (audiences: readonly AudienceSummary[]): Promise<string[]> =>
  checkbox({
    message: 'Select the audience to export: one, or several',
    choices: audiences.map(({ name, members }) => ({
      value: name,
      name: `${name} (${members.toLocaleString('en')} members)`,
    })),
    validate: (chosen) => chosen.length > 0 || 'At least one audience must be selected',
  });

const askCampaign = (campaigns: readonly Campaign[]): Promise<string> =>
  select({
    message: 'Campaign',
    choices: campaigns.map(({ name, purpose, listName, folderName }) => ({
      value: name,
      name: `${name} (${[purpose, `list ${listName}`, `folder ${folderName}`].filter((part) => part !== '').join(', ')})`,
    })),
  });
