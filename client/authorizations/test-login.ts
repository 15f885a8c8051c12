/**
 * Tries an authorization: logs in, and looks at what its user may see.
 */
import type { SftpAuthorization } from '../../jobs/authorization.ts';
import { eventFilesOf, openFolder, unlockPgpKey } from '../../systems/sftp/index.ts';
import { findAuthorization, openAuthorization } from '../../systems/store/authorizations.ts';
import type { Context } from '../context.ts';
import { responsysFailure } from '../responsys-failure.ts';

/**
 * Logs in for real.
 * @param label the authorization's
 * @returns what was found, by its name for the reader
 * @throws ExpectedError AUTHORIZATION_REFUSED, SERVICE_UNAVAILABLE, NOT_FOUND, HOST_KEY_CHANGED, INPUT_NOT_VALID
 */
export async function testLogin(context: Context, label: string): Promise<Record<string, string | number>> {
  const store = await context.store();
  const { id } = await findAuthorization(store, label);
  const { authorization } = await openAuthorization(store, context.key(), id);
  if (authorization.kind !== 'responsys-interact') return testSftp(authorization);
  const responsys = await (await context.connections()).responsys(id);
  try {
    const { endPoint } = await responsys.logIn();
    const { accountName } = await responsys.user();
    const lists = await responsys.lists();
    const limits = await responsys.rateLimits();
    const merges = limits.find((limit) => /merge list/i.test(limit.api));
    return {
      account: accountName,
      'API host': endPoint,
      lists: lists.map((list) => list.name).join(', '),
      'list merges a minute': merges?.limit ?? 'not said',
    };
  } catch (error) {
    throw responsysFailure(error);
  }
}

async function testSftp(authorization: SftpAuthorization): Promise<Record<string, string | number>> {
  // First what needs no server: a key that cannot be unlocked would make every file wait.
  const pgpKey =
    authorization.kind === 'responsys-sftp-with-pgp' ? await unlockPgpKey(authorization) : undefined;
  const folder = await openFolder(authorization, { folder: authorization.folder });
  try {
    const { path, files, folders } = await folder.list();
    const events = eventFilesOf(files);
    return {
      'host key': folder.hostKeyFingerprint,
      folder: path,
      folders: folders.join(', '),
      files: files.length,
      'event files': events.length,
      'account ids': [...new Set(events.map(({ accountId }) => accountId))].join(', '),
      ...(pgpKey === undefined ? {} : { 'PGP key': `${pgpKey.fingerprint}, unlocked by its passphrase` }),
    };
  } finally {
    await folder.close();
  }
}
