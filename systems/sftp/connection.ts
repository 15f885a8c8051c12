/**
 * One connection to the SFTP server. The host key is always checked: against the fingerprint that was
 * confirmed, and without one no login is made. Messages hold no key and no passphrase.
 */
import { createHash } from 'node:crypto';
import SftpClient from 'ssh2-sftp-client';
import type { SFTPWrapper } from 'ssh2';
import type { SftpAuthorization } from '../../jobs/authorization.ts';
import { ExpectedError, notValid } from '../../jobs/errors.ts';
import { unlessAborted } from '../unless-aborted.ts';
import { widenAlgorithms } from './algorithms.ts';
import { readLoginKey } from './keys.ts';

export type SftpLogin = Pick<
  SftpAuthorization,
  | 'host'
  | 'port'
  | 'username'
  | 'privateKey'
  | 'privateKeyPassphrase'
  | 'hostKeyFingerprint'
  | 'extraAlgorithms'
>;

export interface Connection {
  /** Asks the server something; the library itself may wait for ever once the connection was cut. */
  readonly ask: <Answer>(question: (client: SftpClient) => Promise<Answer>) => Promise<Answer>;
  /** The protocol itself, for reads that do not wait for one another. */
  readonly protocol: SFTPWrapper;
  readonly hostKeyFingerprint: string;
  /** Aborted when the connection has ended, whoever ended it. */
  readonly lost: AbortSignal;
  close(): Promise<void>;
}

const connectTimeoutMs = 20_000;
/** A connection that is cut without a word is noticed after three of these. */
const keepaliveIntervalMs = 15_000;

/** As `ssh-keygen -l` prints it. */
const fingerprintOf = (key: Buffer): string =>
  `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;

/** @throws ExpectedError HOST_KEY_CHANGED, AUTHORIZATION_REFUSED, INPUT_NOT_VALID, SERVICE_UNAVAILABLE */
export async function connect(login: SftpLogin, signal?: AbortSignal): Promise<Connection> {
  const pinned = login.hostKeyFingerprint;
  const attempt = await open(login, (shown) => shown === pinned, signal);
  if ('ask' in attempt) return attempt;
  const { shown, error } = attempt;
  if (shown === undefined || shown === pinned) throw error;
  if (pinned === undefined || pinned === '')
    throw notValid(
      'Host Key Fingerprint',
      `is not confirmed yet; ${login.host} shows ${shown}. If that is the one its owner names, set it.`,
    );
  throw new ExpectedError(
    'HOST_KEY_CHANGED',
    `${login.host} shows the host key ${shown}; the confirmed one is ${pinned}. Nothing was sent to it.`,
  );
}

/**
 * The host key's fingerprint of a server, without a login.
 * @throws ExpectedError SERVICE_UNAVAILABLE, CONFIGURATION_REFUSED, INPUT_NOT_VALID
 */
export async function readHostKey(login: SftpLogin, signal?: AbortSignal): Promise<string> {
  const attempt = await open(login, () => false, signal);
  if ('ask' in attempt || attempt.shown === undefined)
    throw 'ask' in attempt ? new Error('a login was made without a host key') : attempt.error;
  return attempt.shown;
}

async function open(
  login: SftpLogin,
  isTrusted: (fingerprint: string) => boolean,
  signal: AbortSignal | undefined,
): Promise<Connection | { readonly shown: string | undefined; readonly error: unknown }> {
  const key = readLoginKey(login);
  const algorithms = widenAlgorithms(login.extraAlgorithms ?? '');
  signal?.throwIfAborted();
  let shown: string | undefined;
  const quiet = (): void => undefined;
  const lost = new AbortController();
  const lose = (): void => lost.abort(new Error('The connection was cut.'));
  const client = new SftpClient('sftp', { error: lose, end: lose, close: lose });
  const drop = (): void => void client.end().catch(quiet);
  signal?.addEventListener('abort', drop, { once: true });
  try {
    const protocol = await client.connect({
      host: login.host,
      port: login.port,
      username: login.username,
      ...key,
      algorithms,
      readyTimeout: connectTimeoutMs,
      keepaliveInterval: keepaliveIntervalMs,
      keepaliveCountMax: 3,
      hostVerifier: (presented: Buffer) => {
        shown = fingerprintOf(presented);
        return isTrusted(shown);
      },
    });
    // The library tells of an end once; what else listens for it may have been told instead.
    protocol.once('close', lose);
    const ask: Connection['ask'] = (question) => unlessAborted(question(client), lost.signal);
    const close = async (): Promise<void> => {
      signal?.removeEventListener('abort', drop);
      await ask(() => client.end()).catch(quiet);
    };
    return { ask, protocol, hostKeyFingerprint: shown ?? '', lost: lost.signal, close };
  } catch (error) {
    signal?.removeEventListener('abort', drop);
    drop();
    signal?.throwIfAborted();
    return { shown, error: connectionError(login, error) };
  }
}

/** The reason of a failed login, in the reader's words: the library's own text may be long, and is English of its own. */
function connectionError(login: SftpLogin, error: unknown): ExpectedError {
  const message = error instanceof Error ? error.message : '';
  const server = `${login.host}:${login.port}`;
  if (/authentication methods failed/i.test(message))
    return new ExpectedError(
      'AUTHORIZATION_REFUSED',
      `${server} refuses the user "${login.username}" with this private key; is its public key registered there?`,
    );
  const lacking = /no matching ([a-z ()>-]+)/i.exec(message)?.[1];
  if (lacking !== undefined)
    return new ExpectedError(
      'CONFIGURATION_REFUSED',
      `${server} and this program have no ${lacking.trim()} in common; an old server may need one named in Extra Algorithms.`,
    );
  if (/subsystem|sftp/i.test(message) && /(unable|fail|refus)/i.test(message) && !/connect/i.test(message))
    return new ExpectedError('CONFIGURATION_REFUSED', `${server} takes the login, but offers no SFTP.`);
  return unavailable(server, error);
}

/** @param what that could not be done, or the server that cannot be reached */
export function unavailable(what: string, error: unknown): ExpectedError {
  const code = codeOf(error);
  return new ExpectedError(
    'SERVICE_UNAVAILABLE',
    `${what} cannot be reached${code === undefined ? '' : ` (${code})`}.`,
  );
}

/** Such as ECONNREFUSED; the SSH library puts some of them into the text alone. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const named = /\b(ECONN[A-Z]+|ENOTFOUND|EAI_AGAIN|E[A-Z]*UNREACH|ETIMEDOUT|EPIPE)\b/.exec(
    error.message,
  )?.[1];
  if (named !== undefined) return named;
  if (/timed? ?out/i.test(error.message)) return 'timeout';
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
