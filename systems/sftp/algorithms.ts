/**
 * The algorithms of a connection: the library's safe choice, and behind it those that an old server needs and
 * somebody named.
 */
import type { Algorithms } from 'ssh2';
import { notValid } from '../../jobs/errors.ts';

/** What may be named, by its kind: all that the library can do and does not offer by itself. */
const extra = {
  kex: ['diffie-hellman-group-exchange-sha1', 'diffie-hellman-group14-sha1', 'diffie-hellman-group1-sha1'],
  serverHostKey: ['ssh-rsa', 'ssh-dss'],
  cipher: ['aes256-cbc', 'aes192-cbc', 'aes128-cbc', '3des-cbc', 'chacha20-poly1305@openssh.com'],
  hmac: ['hmac-md5', 'hmac-sha2-256-96', 'hmac-sha2-512-96', 'hmac-sha1-96', 'hmac-md5-96'],
} as const satisfies Readonly<Record<'kex' | 'serverHostKey' | 'cipher' | 'hmac', readonly string[]>>;

/**
 * @param named between commas or blanks, such as "diffie-hellman-group1-sha1, ssh-dss"
 * @throws ExpectedError INPUT_NOT_VALID
 */
export function widenAlgorithms(named: string): Algorithms {
  const names = named.split(/[\s,]+/).filter((name) => name !== '');
  const known: readonly string[] = Object.values(extra).flat();
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw notValid(
      'Extra Algorithms',
      `"${unknown}" is none that can be added; expected ${known.join(', ')}`,
    );
  const chosen = <Name extends string>(of: readonly Name[]): { append: Name[] } | undefined => {
    const append = of.filter((name) => names.includes(name));
    return append.length === 0 ? undefined : { append };
  };
  const [kex, serverHostKey, cipher, hmac] = [
    chosen(extra.kex),
    chosen(extra.serverHostKey),
    chosen(extra.cipher),
    chosen(extra.hmac),
  ];
  const whole = <Name extends string>(list: { append: Name[] }) => ({
    append: list.append,
    prepend: [],
    remove: [],
  });
  return {
    ...(kex === undefined ? {} : { kex: whole(kex) }),
    ...(serverHostKey === undefined ? {} : { serverHostKey: whole(serverHostKey) }),
    ...(cipher === undefined ? {} : { cipher: whole(cipher) }),
    ...(hmac === undefined ? {} : { hmac: whole(hmac) }),
  };
}
