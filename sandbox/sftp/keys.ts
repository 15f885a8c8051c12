/**
 * The SFTP server's keys, made at the first start and kept beside the data: the host key by which clients know
 * the server again, and a login key, so that a trial needs no key of its own.
 */
import { createHash, generateKeyPairSync } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import ssh2 from 'ssh2';
import type { ParsedKey } from 'ssh2';

export interface KeyFile {
  /** Mode 600. */
  readonly path: string;
  readonly pem: string;
  readonly key: ParsedKey;
}

/** The key of this file, which is made where it is missing. @throws Error when the file holds no private key */
export function openKeyFile(path: string): KeyFile {
  let pem = read(path);
  if (pem === undefined) {
    pem = newKey();
    writeFileSync(path, pem, { mode: 0o600, flag: 'wx' });
  }
  const key = ssh2.utils.parseKey(pem);
  if (key instanceof Error || !key.isPrivateKey())
    throw new Error(`${path} holds no private key; remove it, and the next start makes one`);
  return { path, pem, key };
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

// By Node: of the keys that the SSH library makes, some cannot be read again.
const newKey = (): string =>
  generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'sec1', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  }).privateKey;

/** A line as in `authorized_keys`; undefined where it is none, or a private key. */
export function readPublicKey(line: string): ParsedKey | undefined {
  const key = ssh2.utils.parseKey(line);
  return key instanceof Error || key.isPrivateKey() ? undefined : key;
}

/** As `ssh-keygen -l` prints it. */
export const fingerprintOf = (key: ParsedKey): string =>
  `SHA256:${createHash('sha256').update(key.getPublicSSH()).digest('base64').replace(/=+$/, '')}`;
