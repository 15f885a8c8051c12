/** For tests of imports by the command line: an SFTP authorization, and how a job stands. */
import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import type { SshServer } from '../harness/sshd.ts';
import type { Product } from './product.ts';

interface SftpFields {
  readonly kind: 'responsys-sftp' | 'responsys-sftp-with-pgp';
  readonly label: string;
  readonly pgpPrivateKey?: string;
  readonly pgpPassphrase?: string;
}

/** Adds an authorization with the server's login. */
export async function authorizeSftp(product: Product, server: SshServer, fields: SftpFields): Promise<void> {
  const { port, username, privateKey, fingerprint } = server;
  const login = { host: '127.0.0.1', port, username, privateKey, hostKeyFingerprint: fingerprint, ...fields };
  const file = product.write('sftp.json', JSON.stringify(login));
  await product.json('authorizations', 'add', '--from-file', file);
}

/** What `jobs show` says of an import. */
export interface ShownImport {
  readonly state: string;
  readonly lastError: string | null;
  readonly files: Readonly<Record<'found' | 'done' | 'repeated' | 'setAside' | 'failed' | 'waiting', number>>;
  readonly events: Readonly<Record<'total' | 'known' | 'rejected' | 'nobodys', number>>;
}

/** Waits until a job stands so, half a minute at most. */
export async function shownImport(
  product: Product,
  id: string,
  isSo: (shown: ShownImport) => boolean,
): Promise<ShownImport> {
  for (let look = 0; ; look++) {
    const shown = (await product.json('jobs', 'show', id)) as ShownImport;
    if (isSo(shown)) return shown;
    if (look > 100) assert.fail(`it stayed ${JSON.stringify(shown)}`);
    await wait(300);
  }
}
