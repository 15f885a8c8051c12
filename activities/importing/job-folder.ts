/**
 * The folder of an import job on its SFTP server, and the keys of its files.
 */
import { ExpectedError } from '../../jobs/errors.ts';
import type { SftpAuthorization } from '../../jobs/authorization.ts';
import { openFolder, unlockPgpKey } from '../../systems/sftp/index.ts';
import type { EventFolder } from '../../systems/sftp/index.ts';
import { openAuthorization } from '../../systems/store/authorizations.ts';
import type { ImportJob } from '../../systems/store/import-jobs.ts';
import type { Means } from '../connections.ts';

type Needs = Pick<Means, 'store' | 'key'>;
type JobPlace = Pick<ImportJob, 'authorizationId'> & {
  readonly configuration: Pick<ImportJob['configuration'], 'folder'>;
};

/** @throws ExpectedError AUTHORIZATION_KIND, NOT_FOUND */
async function sftpAuthorization({ store, key }: Needs, id: string): Promise<SftpAuthorization> {
  const { authorization } = await openAuthorization(store, key, id);
  if (authorization.kind !== 'responsys-interact') return authorization;
  throw new ExpectedError(
    'AUTHORIZATION_KIND',
    `authorization: "${authorization.label}" is of the kind responsys-interact; Import Activity Data takes responsys-sftp or responsys-sftp-with-pgp.`,
  );
}

/** Logs in. @throws ExpectedError as `openFolder`, and AUTHORIZATION_KIND */
export async function openJobFolder(
  means: Needs,
  { authorizationId, configuration }: JobPlace,
  signal: AbortSignal,
): Promise<EventFolder> {
  const login = await sftpAuthorization(means, authorizationId);
  return openFolder(login, { folder: login.folder, below: configuration.folder }, signal);
}

/** The PGP keys that open the job's files; none where its authorization is without PGP. */
export async function pgpKeysOf(
  means: Needs,
  { authorizationId }: Pick<ImportJob, 'authorizationId'>,
): Promise<Awaited<ReturnType<typeof unlockPgpKey>>['keys']> {
  const login = await sftpAuthorization(means, authorizationId);
  return login.kind === 'responsys-sftp-with-pgp' ? (await unlockPgpKey(login)).keys : [];
}
