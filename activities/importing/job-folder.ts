/**
 * The folder of an import job on its SFTP server, and the keys of its files.
 */
import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { ExpectedError } from '../../jobs/errors.ts';
import type { SftpAuthorization } from '../../jobs/authorization.ts';
import { openFolder, unlockPgpKey } from '../../systems/sftp/index.ts';
import type { EventFolder, PgpKeyFields } from '../../systems/sftp/index.ts';
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
): Promise<Keys> {
  const login = await sftpAuthorization(means, authorizationId);
  return login.kind === 'responsys-sftp-with-pgp' ? unlockOnce(login) : [];
}

type Keys = Awaited<ReturnType<typeof unlockPgpKey>>['keys'];

/** By a hash of the key and its passphrase: whatever changes of them, changes it. */
const unlocked = new LRUCache<string, Keys>({ max: 4 });

/** A passphrase is made to take a quarter of a second: of ten thousand small files, that would be the most. */
async function unlockOnce(fields: PgpKeyFields): Promise<Keys> {
  const name = hash('sha256', JSON.stringify([fields.pgpPrivateKey, fields.pgpPassphrase]));
  const keys = unlocked.get(name) ?? (await unlockPgpKey(fields)).keys;
  unlocked.set(name, keys);
  return keys;
}
