/**
 * Responsys' errors, turned into ours at the edge. A message is in the reader's words and quotes nothing;
 * Responsys' own words quote values, and are kept apart for the ledger. The HTTP library's error object
 * carries the token in its headers: it never leaves this folder.
 */
import { kindOfCode, retryAfterMs } from './error-codes.ts';
import type { ResponsysErrorKind } from './error-codes.ts';

export class ResponsysError extends Error {
  readonly kind: ResponsysErrorKind;
  readonly errorCode: string | undefined;
  readonly status: number | undefined;
  readonly correlationId: string | undefined;
  readonly retryAfterMs: number | undefined;
  /** Responsys' own words. Not enumerable, so that no logger writes them by accident. */
  declare readonly words: string;

  constructor(
    kind: ResponsysErrorKind,
    message: string,
    detail: { errorCode?: string; status?: number; correlationId?: string | undefined; words?: string } = {},
  ) {
    super(message);
    this.name = 'ResponsysError';
    this.kind = kind;
    this.errorCode = detail.errorCode;
    this.status = detail.status;
    this.correlationId = detail.correlationId;
    this.retryAfterMs = retryAfterMs[kind];
    Object.defineProperty(this, 'words', { value: detail.words ?? '', enumerable: false });
  }
}

/** What a call was about, in the reader's words: "merge into the list CONTACTS_LIST". */
export interface Call {
  readonly what: string;
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
    errorCode: typeof errorCode === 'string' && errorCode !== '' ? errorCode : undefined,
    words: typeof text === 'string' ? text.trim() : '',
  };
}

/** The error that an answer other than 2xx means. Source: reference §1.7, §5.2, §5.3. */
export function errorOfAnswer(
  call: Call,
  answer: { status: number; body: unknown; correlationId: string | undefined },
): ResponsysError {
  const { errorCode, words } = readEnvelope(answer.body);
  const kind = kindOf(answer.status, errorCode, words);
  const code = errorCode ?? `HTTP ${answer.status}`;
  return new ResponsysError(kind, sentence(kind, call, code), {
    status: answer.status,
    correlationId: answer.correlationId,
    words,
    ...(errorCode === undefined ? {} : { errorCode }),
  });
}

function kindOf(status: number, errorCode: string | undefined, words: string): ResponsysErrorKind {
  // Older hosts answer 500 UNEXPECTED_EXCEPTION for a bad token. Source: reference §1.7.
  if (/not a valid authentication token/i.test(words)) return 'token';
  const known = errorCode === undefined ? undefined : kindOfCode[errorCode];
  if (known !== undefined) return known;
  if (status === 429) return 'throttled';
  if (status >= 500) return 'service';
  if (status === 404) return 'not-found';
  return status === 401 || status === 403 ? 'not-allowed' : 'refused';
}

function sentence(kind: ResponsysErrorKind, call: Call, code: string): string {
  switch (kind) {
    case 'login-refused':
      return `Responsys refused the login (${code}); correct the username and password, or have the user unlocked`;
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
export function errorOfNetwork(call: Call, code: string, host: string): ResponsysError {
  return new ResponsysError('network', `Responsys at ${host} cannot be reached, to ${call.what} (${code})`, {
    errorCode: code,
  });
}
