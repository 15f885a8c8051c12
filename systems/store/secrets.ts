/**
 * Sealing of what must not be read in the database: AES-256-GCM under the master key. A sealed text is
 * version (1 byte), nonce (12), tag (16), then the ciphertext; the label is authenticated with it, so that
 * one row's secret cannot be put in the place of another's.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { notValid } from '../../jobs/errors.ts';

const version = 1;
const nonceBytes = 12;
const tagBytes = 16;

/** The master key. */
export interface Key {
  readonly bytes: Buffer;
}

/** @param base64 32 bytes in base64. @throws ExpectedError INPUT_NOT_VALID when it is anything else */
export function keyFrom(base64: string): Key {
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.length !== 32) throw notValid('LYTICS_RESPONSYS_KEY', 'expected 32 bytes in base64');
  return { bytes };
}

/** @param label what the secret belongs to, such as `authorization/<id>` */
export function seal(key: Key, label: string, plain: Buffer): Buffer {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', key.bytes, nonce);
  cipher.setAAD(Buffer.from(label));
  const body = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([Buffer.from([version]), nonce, cipher.getAuthTag(), body]);
}

/** @throws ExpectedError INPUT_NOT_VALID when the key is another one, or the sealed text was changed or moved */
export function unseal(key: Key, label: string, sealed: Buffer): Buffer {
  const headBytes = 1 + nonceBytes + tagBytes;
  if (sealed.length < headBytes || sealed[0] !== version) throw new Error(`${label}: not a sealed secret.`);
  const decipher = createDecipheriv('aes-256-gcm', key.bytes, sealed.subarray(1, 1 + nonceBytes));
  decipher.setAAD(Buffer.from(label));
  decipher.setAuthTag(sealed.subarray(1 + nonceBytes, headBytes));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(headBytes)), decipher.final()]);
  } catch {
    throw notValid(
      'LYTICS_RESPONSYS_KEY',
      `is not the key that the secrets of this store were sealed with (${label} cannot be read)`,
    );
  }
}
