/**
 * `authorizations`: the logins that jobs use, asked for in the specification's order and words.
 */
import { confirm } from '@inquirer/prompts';
import type { Command } from 'commander';
import { authorizationFields, authorizationKinds, kindTitles } from '../../jobs/authorization.ts';
import { ExpectedError, notValid } from '../../jobs/errors.ts';
import { authorizationVariable } from '../../systems/environment.ts';
import { oweRiids } from '../../systems/store/answered-riids.ts';
import {
  addAuthorization,
  findAuthorization,
  listAuthorizations,
  openAuthorization,
  removeAuthorization,
  updateAuthorization,
} from '../../systems/store/authorizations.ts';
import { knownAccounts } from '../../systems/store/event-accounts.ts';
import { checkAuthorization, fieldsOfEnvironment, readFields } from '../authorizations/fields.ts';
import { confirmHostKey } from '../authorizations/host-key.ts';
import { ask, chooseKind } from '../authorizations/prompts.ts';
import { tellJobsOfUpdate } from '../authorizations/tell-jobs.ts';
import { testLogin } from '../authorizations/test-login.ts';
import { runs } from '../command.ts';

interface FieldOptions {
  fromFile?: string;
  fromEnv?: boolean;
}

/** The options by which a script gives the fields. */
const withFields = (command: Command, which: string): Command =>
  command
    .option('--from-file <file>', `read ${which} from YAML or JSON; - for standard input`)
    .option('--from-env', `read ${which} from variables such as ${authorizationVariable('password')}`);

/** Whether a person is asked, at a terminal; a script gives its fields, the host key's fingerprint among them. */
const isAsked = (options: FieldOptions): boolean =>
  options.fromFile === undefined && options.fromEnv !== true;

/** What a script gives, or else what `asking` finds out. @throws ExpectedError INPUT_NOT_VALID, USAGE */
async function fieldsOf(
  options: FieldOptions,
  kind: string | undefined,
  asking: () => Promise<Record<string, unknown>>,
): Promise<Record<string, unknown>> {
  if (options.fromFile !== undefined && options.fromEnv === true)
    throw new ExpectedError('USAGE', 'Say either --from-file or --from-env.');
  if (options.fromEnv === true) return fieldsOfEnvironment(kind);
  return options.fromFile === undefined ? asking() : readFields(options.fromFile, kind);
}

export function addAuthorizationCommands(program: Command): void {
  const authorizations = program.command('authorizations').description('the logins that jobs use');

  runs<FieldOptions>(
    withFields(
      authorizations
        .command('add')
        .argument('[kind]', authorizationKinds.join(', '))
        .description('add one, asked for field by field'),
      'the fields',
    ),
    async ({ context, output, options }, kind) => {
      const fields = await fieldsOf(options, kind, async () =>
        ask(await chooseKind(kind), {}, await knownAccounts(await context.store())),
      );
      const checked = checkAuthorization(fields, context.allowHosts);
      const added = await addAuthorization(
        await context.store(),
        context.key(),
        isAsked(options) ? await confirmHostKey(checked) : checked,
      );
      output.result(added);
      output.line(
        `Added ${added.label} (${kindTitles[added.kind]}). Try it: lytics-responsys authorizations test "${added.label}"`,
      );
    },
  );

  runs(authorizations.command('list').description('all authorizations'), async ({ context, output }) => {
    const found = await listAuthorizations(await context.store());
    output.result(found);
    output.table(
      ['label', 'kind', 'description', 'updated'],
      found.map((one) => [one.label, kindTitles[one.kind], one.description, one.updatedAt.toISOString()]),
    );
  });

  runs(
    authorizations.command('show').argument('<label>').description('its fields; secrets are not shown'),
    async ({ context, output }, label = '') => {
      const found = await findAuthorization(await context.store(), label);
      output.result(found);
      const shown = { label: found.label, description: found.description, ...found.settings } as Readonly<
        Record<string, string | number>
      >;
      output.table(
        [kindTitles[found.kind], ''],
        authorizationFields[found.kind].map((field) => [
          field.title,
          field.secret ? (field.required ? '(set)' : '(not shown)') : String(shown[field.name] ?? ''),
        ]),
      );
    },
  );

  runs(
    authorizations.command('test').argument('<label>').description('log in, and say what was found'),
    async ({ context, output }, label = '') => {
      const found = await testLogin(context, label);
      output.result(found);
      output.table(['', ''], Object.entries(found));
    },
  );

  runs<FieldOptions>(
    withFields(
      authorizations
        .command('update')
        .argument('<label>')
        .description('change its fields; secrets that are left blank stay'),
      'only the fields that change',
    ),
    async ({ context, output, options }, label = '') => {
      const store = await context.store();
      const { id } = await findAuthorization(store, label);
      const { authorization } = await openAuthorization(store, context.key(), id);
      const changes = await fieldsOf(options, authorization.kind, async () =>
        ask(authorization.kind, authorization, await knownAccounts(store)),
      );
      if (changes['kind'] !== authorization.kind)
        throw notValid('kind', `stays ${authorization.kind}; for another kind add another authorization`);
      const checked = checkAuthorization({ ...authorization, ...changes }, context.allowHosts);
      const updated = await updateAuthorization(
        store,
        context.key(),
        id,
        isAsked(options) ? await confirmHostKey(checked) : checked,
      );
      await oweRiids(store, id);
      const told = await tellJobsOfUpdate(store, () => context.temporal(), updated);
      output.result({ ...updated, jobs: told });
      output.line(`Updated ${updated.label}.${told === 0 ? '' : ' Jobs that it had parked go on.'}`);
    },
  );

  runs<{ yes?: boolean }>(
    authorizations
      .command('remove')
      .argument('<label>')
      .option('--yes', 'without asking')
      .description('remove one that no job uses'),
    async ({ context, output, options }, label = '') => {
      const store = await context.store();
      const { id } = await findAuthorization(store, label);
      if (options.yes !== true && !process.stdin.isTTY)
        throw new ExpectedError('USAGE', 'There is no terminal to ask at: say --yes.');
      if (options.yes !== true && !(await confirm({ message: `Remove ${label}?`, default: false }))) return;
      await removeAuthorization(store, id);
      output.result({ removed: label });
      output.line(`Removed ${label}.`);
    },
  );
}
