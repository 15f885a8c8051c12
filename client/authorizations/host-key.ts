/**
 * The host key of an SFTP server, shown to the person who adds the authorization: only what is confirmed is
 * trusted from then on.
 */
import { confirm } from '@inquirer/prompts';
import type { Authorization } from '../../jobs/authorization.ts';
import { ExpectedError } from '../../jobs/errors.ts';
import { readHostKey } from '../../systems/sftp/index.ts';

/**
 * The authorization with the host key that its server shows, once somebody has said that it is the right one.
 * @throws ExpectedError CONFLICT when it is not; SERVICE_UNAVAILABLE
 */
export async function confirmHostKey(authorization: Authorization): Promise<Authorization> {
  if (authorization.kind === 'responsys-interact') return authorization;
  const shown = await readHostKey(authorization);
  const confirmed = authorization.hostKeyFingerprint;
  if (shown === confirmed) return authorization;
  const before = confirmed === undefined || confirmed === '' ? '' : ` It was ${confirmed} before.`;
  const message = `${authorization.host} shows the host key ${shown}.${before} Is that the one its owner names?`;
  if (!(await confirm({ message, default: false })))
    throw new ExpectedError('CONFLICT', 'Host Key Fingerprint: not confirmed, so nothing was stored.');
  return { ...authorization, hostKeyFingerprint: shown };
}
