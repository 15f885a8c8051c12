/**
 * The private key that logs in: OpenSSH's form, PEM (PKCS#1, SEC1, PKCS#8) or PuTTY's, with a passphrase or
 * without. What is wrong with it is said before any server is asked.
 */
import { createPrivateKey } from 'node:crypto';
import ssh2 from 'ssh2';
import { notValid } from '../../jobs/errors.ts';

export interface LoginKey {
  readonly privateKey: string;
  readonly privateKeyPassphrase?: string | undefined;
}

/**
 * The key in a form that the SSH library takes.
 * @throws ExpectedError INPUT_NOT_VALID that names the field
 */
export function readLoginKey({ privateKey, privateKeyPassphrase }: LoginKey): {
  readonly privateKey: string;
  readonly passphrase?: string;
} {
  const text = privateKey.trim().replaceAll('\r\n', '\n');
  const passphrase = privateKeyPassphrase === '' ? undefined : privateKeyPassphrase;
  // PKCS#8 is what OpenSSL writes today, and the one form that the SSH library does not read.
  if (/^-----BEGIN (ENCRYPTED )?PRIVATE KEY-----/.test(text))
    return { privateKey: fromPkcs8(text, passphrase) };
  const parsed = ssh2.utils.parseKey(text, passphrase);
  if (parsed instanceof Error) throw faultOf(parsed.message, passphrase);
  if (!parsed.isPrivateKey())
    throw notValid('Private Key', 'this is a public key; the private one is needed, without ".pub"');
  return { privateKey: text, ...(passphrase === undefined ? {} : { passphrase }) };
}

function faultOf(message: string, passphrase: string | undefined): Error {
  if (/passphrase|integrity check failed|bad decrypt/i.test(message))
    return passphrase === undefined
      ? notValid('Private Key Passphrase', 'the private key is locked with one, and none is set')
      : notValid('Private Key Passphrase', 'does not unlock the private key');
  return notValid(
    'Private Key',
    'cannot be read; expected an OpenSSH or PEM private key, with all its lines',
  );
}

function fromPkcs8(text: string, passphrase: string | undefined): string {
  let key;
  try {
    key = createPrivateKey({ key: text, ...(passphrase === undefined ? {} : { passphrase }) });
  } catch {
    throw text.includes('ENCRYPTED') ? faultOf('passphrase', passphrase) : faultOf('', passphrase);
  }
  if (key.asymmetricKeyType === 'rsa') return key.export({ type: 'pkcs1', format: 'pem' }).toString();
  if (key.asymmetricKeyType === 'ec') return key.export({ type: 'sec1', format: 'pem' }).toString();
  throw notValid(
    'Private Key',
    `a key of the type ${key.asymmetricKeyType ?? 'unknown'} is read in OpenSSH's form only: ssh-keygen -p -f FILE converts it`,
  );
}
