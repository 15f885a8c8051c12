/**
 * Responsys' errors, turned into ours at the edge. A message is in the reader's words and quotes nothing;
 * Responsys' own words quote values, and are kept apart for the ledger. The HTTP library's error object
 * carries the token in its headers: it never leaves this folder.
 */
import { kinds, meaningOfCode } from './error-codes.ts';
import type { ResponsysErrorKind } from './error-codes.ts';
import { isProof } from './nothing-sent.ts';

interface ErrorDetail {
  readonly errorCode?: string | undefined;
  readonly status?: number;
  readonly correlationId?: string | undefined;
  readonly words?: string;
  readonly ms?: number;
  readonly provesNothingSent?: boolean;
}

export class ResponsysError extends Error {
  readonly kind: ResponsysErrorKind;
  readonly errorCode: string | undefined;
  readonly status: number | undefined;
  readonly correlationId: string | undefined;
  /** Whether the same call may succeed later by itself. */
  readonly retried: boolean;
  readonly retryAfterMs: number | undefined;
  /** False: what was asked for may have been done, although no answer says so. */
  readonly provesNothingSent: boolean;
  /** How long the call took. */
  readonly ms: number;
  /** Responsys' own words. Not enumerable, so that no logger writes them by accident. */
  declare readonly words: string;

  constructor(kind: ResponsysErrorKind, message: string, detail: ErrorDetail = {}) {
    super(message);
    this.name = 'ResponsysError';
    this.kind = kind;
    this.errorCode = detail.errorCode;
    this.status = detail.status;
    this.correlationId = detail.correlationId;
    this.retried = kinds[kind].retried;
    this.retryAfterMs = kinds[kind].retryAfterMs;
    this.provesNothingSent = detail.provesNothingSent ?? false;
    this.ms = detail.ms ?? 0;
    Object.defineProperty(this, 'words', { value: detail.words ?? '', enumerable: false });
  }
}

/** What an error has to know of a call. */
export interface Call {
  readonly api: string;
  /** In the reader's words, after "to": "merge into the list CONTACTS_LIST". */
  readonly what: string;
  readonly method: 'GET' | 'POST';
}

interface Envelope {
  readonly errorCode: string | undefined;
  readonly words: string;
}

/** The envelope of an error, as far as there is one: bodies of a gateway may be anything. */
function readEnvelope(body: unknown): Envelope {
  if (typeof body !== 'object' || body === null) return { errorCode: undefined, words: '' };
  const { errorCode, detail, title } = body as Readonly<Record<string, unknown>>;
  const text = [detail, title].find((one) => typeof one === 'string' && one.trim() !== '');
  return {
    // It goes into logs and messages: anything but a code could be somebody's data.
    errorCode:
      typeof errorCode === 'string' && /^[A-Z][A-Z0-9_]{0,63}$/.test(errorCode) ? errorCode : undefined,
    words: typeof text === 'string' ? text.trim() : '',
  };
}

/** The error that an answer other than 2xx means. Source: reference §1.7, §5.2, §5.3. */
export function errorOfAnswer(
  call: Call,
  answer: { status: number; body: unknown; correlationId: string | undefined; ms: number },
): ResponsysError {
  const { status, correlationId, ms } = answer;
  const { errorCode, words } = readEnvelope(answer.body);
  const kind = kindOf(status, errorCode, words);
  const provesNothingSent = repeats(call) || kind === 'token' || isProof(errorCode ?? `HTTP ${status}`);
  const message = sentence(kind, call, errorCode ?? `HTTP ${status}`);
  return new ResponsysError(kind, message, {
    status,
    correlationId,
    words,
    ms,
    errorCode,
    provesNothingSent,
  });
}

function kindOf(status: number, errorCode: string | undefined, words: string): ResponsysErrorKind {
  // Older hosts answer 500 UNEXPECTED_EXCEPTION for a bad token. Source: reference §1.7.
  if (/not a valid authentication token/i.test(words)) return 'token';
  const known = errorCode === undefined ? undefined : meaningOfCode(errorCode);
  if (known !== undefined) return known.kind;
  if (status === 429) return 'throttled';
  // A redirection, or a gateway that has waited too long: nothing that the request could do better.
  if (status >= 500 || status < 400 || status === 408) return 'service';
  if (status === 404) return 'not-found';
  return status === 401 || status === 403 ? 'not-allowed' : 'refused';
}

function sentence(kind: ResponsysErrorKind, call: Call, code: string): string {
  const { advice } = kinds[kind];
  return `${happening(kind, call, code)}${advice === undefined ? '' : `; ${advice}`}`;
}

function happening(kind: ResponsysErrorKind, call: Call, code: string): string {
  switch (kind) {
    case 'login-refused':
      return `Responsys refused the login (${code})`;
    case 'not-allowed':
      return `Responsys does not allow this user to ${call.what} (${code})`;
    case 'token':
      return `Responsys no longer takes the login’s token (${code})`;
    case 'throttled':
      return `Responsys throttles: the account’s calls of this minute are used up (${code})`;
    case 'capacity':
      return `Responsys is at the limit of its own capacity (${code})`;
    case 'network':
    case 'service':
      return `Responsys could not ${call.what} (${code})`;
    case 'not-found':
      return `Responsys has not found what was asked for, to ${call.what} (${code})`;
    case 'refused':
      return `Responsys refused to ${call.what} (${code})`;
  }
}

/** The error of a call that got no answer. @param code such as ECONNREFUSED */
export function errorOfNetwork(call: Call, code: string, host: string, ms: number): ResponsysError {
  return new ResponsysError('network', `Responsys at ${host} cannot be reached, to ${call.what} (${code})`, {
    errorCode: code,
    ms,
    provesNothingSent: repeats(call) || isProof(code),
  });
}

/** Whether a call leaves nothing behind, so that it may be made again whatever became of it. */
const repeats = (call: Call): boolean => call.method === 'GET' || call.api === 'Login';
