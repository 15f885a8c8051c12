/**
 * Asks for an Import Activity Data job step by step, in the specification's order and words, and offers what
 * is really on the server.
 */
import { posix } from 'node:path';
import { checkbox, input, select } from '@inquirer/prompts';
import { openJobFolder } from '../../activities/importing/job-folder.ts';
import { importActivitySchema } from '../../jobs/import-activity.ts';
import { joinFolders } from '../../systems/sftp/folder.ts';
import type { Folder } from '../../systems/sftp/folder.ts';
import { importAuthorization } from '../authorizations/import-authorization.ts';
import type { Context } from '../context.ts';
import type { JobAnswers } from '../kinds/kind.ts';
import { askAuthorization, askDescription, askLabel } from '../kinds/questions.ts';
import { accountsOf } from './accounts-in-folder.ts';

export async function askForImport(context: Context): Promise<JobAnswers> {
  const store = await context.store();
  const authorization = await askAuthorization(context, ['responsys-sftp', 'responsys-sftp-with-pgp']);
  const { id } = await importAuthorization(store, authorization);
  const label = await askLabel(store);
  const description = await askDescription();
  const { folder, listed } = await askFolder(async (below) => {
    const place = { authorizationId: id, configuration: { folder: below } };
    const opened = await openJobFolder({ store, key: context.key() }, place, AbortSignal.timeout(60_000));
    return opened.list().finally(() => opened.close());
  });
  const accountIds = await askAccounts(listed);
  const customDelimiter = await input({
    message: 'Custom Delimiter (optional; "|" is recommended)',
    default: ',',
    validate: (text) => {
      const checked = importActivitySchema.shape.customDelimiter.safeParse(text);
      return checked.success || `Custom Delimiter ${checked.error.issues[0]?.message ?? 'is not right'}`;
    },
  });
  return {
    job: 'import-activity',
    authorization,
    label,
    ...(description === '' ? {} : { description }),
    ...(folder === '' ? {} : { folder }),
    ...(accountIds.length === 0 ? {} : { accountIds }),
    customDelimiter,
  };
}

/** From the authorization's folder, up and down on the server until one is taken. */
async function askFolder(
  list: (folder: string) => Promise<Folder>,
): Promise<{ readonly folder: string; readonly listed: Folder }> {
  let folder = '';
  for (;;) {
    const listed = await list(folder);
    const events = accountsOf(listed.files).reduce((sum, { files }) => sum + files, 0);
    const chosen = await select<string | undefined>({
      message: `Folder (${listed.path})`,
      choices: [
        { value: undefined, name: `this one, with ${events.toLocaleString('en')} event files` },
        ...listed.folders.toSorted().map((name) => ({ value: name, name: `${name}/` })),
        ...(listed.path === '/' ? [] : [{ value: '..', name: '../' }]),
      ],
    });
    if (chosen === undefined) return { folder, listed };
    // Above the authorization's folder, only the whole path says where it is.
    folder =
      chosen === '..' ? aboveOf(folder, listed.path) : folder === '' ? chosen : posix.join(folder, chosen);
  }
}

function aboveOf(folder: string, path: string): string {
  if (folder === '' || folder.startsWith('/')) return posix.dirname(path);
  const above = joinFolders(folder, '..');
  return above === '.' ? '' : above.replace(/\/$/, '');
}

/** @returns none where all of them are taken, also those that come later */
async function askAccounts({ files }: Folder): Promise<readonly string[]> {
  const accounts = accountsOf(files);
  if (accounts.length === 0) return [];
  const chosen = await checkbox({
    message: 'Account Ids',
    choices: accounts.map(({ accountId, files: count, from, to }) => ({
      value: accountId,
      name: `${accountId} (${count.toLocaleString('en')} files, ${from} to ${to})`,
      checked: true,
    })),
    validate: (some) => some.length > 0 || 'At least one account is to be taken',
  });
  return chosen.length === accounts.length ? [] : chosen;
}
