/**
 * The PGP key that files are encrypted to: armored, or binary (in base64, since a field is text), unlocked by
 * its passphrase. The unlocked key never leaves this folder but as the handle that reading takes.
 */
import { decryptKey, readKeys } from 'openpgp';
import type { PrivateKey } from 'openpgp';
import { notValid } from '../../jobs/errors.ts';
import { pgpConfig } from './pgp-config.ts';

export interface PgpKeyFields {
  readonly pgpPrivateKey: string;
  readonly pgpPassphrase: string;
}

export interface UnlockedPgpKey {
  readonly keys: readonly PrivateKey[];
  /** Of the first, in upper case. */
  readonly fingerprint: string;
}

/** @throws ExpectedError INPUT_NOT_VALID that names the field */
export async function unlockPgpKey({ pgpPrivateKey, pgpPassphrase }: PgpKeyFields): Promise<UnlockedPgpKey> {
  const keys = (await readAll(pgpPrivateKey.trim())).filter((key) => key.isPrivate());
  const [first] = keys;
  if (first === undefined)
    throw notValid('PGP Private Key', 'is a public key; gpg --export-secret-keys gives the private one');
  const unlocked: PrivateKey[] = [];
  for (const privateKey of keys) unlocked.push(await unlock(privateKey, pgpPassphrase));
  return { keys: unlocked, fingerprint: first.getFingerprint().toUpperCase() };
}

async function readAll(text: string): ReturnType<typeof readKeys> {
  try {
    return text.startsWith('-----BEGIN')
      ? await readKeys({ armoredKeys: text, config: pgpConfig })
      : await readKeys({ binaryKeys: Buffer.from(text, 'base64'), config: pgpConfig });
  } catch {
    throw notValid(
      'PGP Private Key',
      'cannot be read; expected a whole armored key, or a binary one in base64',
    );
  }
}

async function unlock(privateKey: PrivateKey, passphrase: string): Promise<PrivateKey> {
  // A key without a passphrase is taken as it is; subkeys may be locked where the main key's secret is kept elsewhere.
  if (privateKey.getKeys().every((part) => part.isDecrypted())) return privateKey;
  try {
    return await decryptKey({ privateKey, passphrase, config: pgpConfig });
  } catch {
    throw notValid('PGP Private Key Passphrase', 'does not unlock the PGP private key');
  }
}
