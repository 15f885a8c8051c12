/**
 * `options`: what can be chosen in a job's file, as the services show it.
 */
import type { Command } from 'commander';
import { ExpectedError } from '../../jobs/errors.ts';
import { openFolder } from '../../systems/sftp/index.ts';
import { findAuthorization, openAuthorization } from '../../systems/store/authorizations.ts';
import { runs } from '../command.ts';
import { accountsOf } from '../imports/accounts-in-folder.ts';

export function addEventAccountCommand(program: Command): void {
  const existing = program.commands.find((command) => command.name() === 'options');
  const options = existing ?? program.command('options').description('what can be chosen in a job’s file');
  runs<{ folder?: string }>(
    options
      .command('accounts')
      .argument('<authorization>', 'one of the two SFTP kinds')
      .option('--folder <folder>', 'the job’s Folder; the authorization’s where none is named')
      .description('account ids, detected from the files in the folder'),
    async ({ context, output, options: given }, label = '') => {
      const store = await context.store();
      const { id } = await findAuthorization(store, label);
      const { authorization } = await openAuthorization(store, context.key(), id);
      if (authorization.kind === 'responsys-interact')
        throw new ExpectedError(
          'AUTHORIZATION_KIND',
          `authorization: "${label}" is of the kind responsys-interact; account ids are found by one of the SFTP kinds.`,
        );
      const folder = await openFolder(authorization, {
        folder: authorization.folder,
        below: given.folder ?? '',
      });
      const { files, path } = await folder.list().finally(() => folder.close());
      const accounts = accountsOf(files);
      output.result(accounts);
      if (accounts.length === 0) output.line(`There is no event file in ${path}.`);
      else
        output.table(
          ['account', 'files', 'from', 'to'],
          accounts.map(({ accountId, files: count, from, to }) => [accountId, count, from, to]),
        );
    },
  );
}
