/**
 * `authorizations`: the logins that jobs use, asked for in the specification's order and words.
 */
import { confirm } from '@inquirer/prompts';
import type { Command } from 'commander';
import { authorizationFields, authorizationKinds, kindTitles } from '../../jobs/authorization.ts';
import { ExpectedError, notValid } from '../../jobs/errors.ts';
import {
  addAuthorization,
  findAuthorization,
  listAuthorizations,
  openAuthorization,
  removeAuthorization,
  updateAuthorization,
} from '../../systems/store/authorizations.ts';
import { checkAuthorization, readFields } from '../authorizations/fields.ts';
import { confirmHostKey } from '../authorizations/host-key.ts';
import { ask, chooseKind } from '../authorizations/prompts.ts';
import { testLogin } from '../authorizations/test-login.ts';
import { runs } from '../command.ts';

interface FileOption {
  fromFile?: string;
}

export function addAuthorizationCommands(program: Command): void {
  const authorizations = program.command('authorizations').description('the logins that jobs use');

  runs<FileOption>(
    authorizations
      .command('add')
      .argument('[kind]', authorizationKinds.join(', '))
      .option('--from-file <file>', 'read the fields from YAML or JSON; - for standard input')
      .description('add one, asked for field by field'),
    async ({ context, output, options }, kind) => {
      const fields =
        options.fromFile === undefined
          ? await ask(await chooseKind(kind), {})
          : await readFields(options.fromFile, kind);
      const checked = checkAuthorization(fields, context.allowHosts);
      const added = await addAuthorization(
        await context.store(),
        context.key(),
        options.fromFile === undefined ? await confirmHostKey(checked) : checked,
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
      const store = await context.store();
      const { id } = await findAuthorization(store, label);
      const { authorization } = await openAuthorization(store, context.key(), id);
      const found = await testLogin(authorization, context.allowHosts);
      output.result(found);
      output.table(['', ''], Object.entries(found));
    },
  );

  runs<FileOption>(
    authorizations
      .command('update')
      .argument('<label>')
      .option('--from-file <file>', 'only the fields that change, in YAML or JSON; - for standard input')
      .description('change its fields; secrets that are left blank stay'),
    async ({ context, output, options }, label = '') => {
      const store = await context.store();
      const { id } = await findAuthorization(store, label);
      const { authorization } = await openAuthorization(store, context.key(), id);
      const changes =
        options.fromFile === undefined
          ? await ask(authorization.kind, authorization)
          : await readFields(options.fromFile, authorization.kind);
      if (changes['kind'] !== authorization.kind)
        throw notValid('kind', `stays ${authorization.kind}; for another kind add another authorization`);
      const checked = checkAuthorization({ ...authorization, ...changes }, context.allowHosts);
      const updated = await updateAuthorization(
        store,
        context.key(),
        id,
        options.fromFile === undefined ? await confirmHostKey(checked) : checked,
      );
      output.result(updated);
      output.line(`Updated ${updated.label}. Jobs that wait for it go on with "jobs resume".`);
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
