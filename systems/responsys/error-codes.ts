/**
 * What each error code of Responsys means for us: its kind, whether it may be one row's fault, and where it is
 * known from. Classified by the code first, by the HTTP status second, since the same trouble comes with
 * different statuses. Sources: reference §1.7, §2.3, §2.4, §5.3; "recorded" is recorded traffic, "guide"
 * Oracle's REST guide, "CXA" its CX Audience pages, "SOAP" its SOAP guide, "client" another client's tests.
 */

export type ResponsysErrorKind =
  /** The login is refused: a person must act. */
  | 'login-refused'
  /** The user or the host may not do this. */
  | 'not-allowed'
  /** The token is no longer known: log in again, once. */
  | 'token'
  | 'throttled'
  | 'capacity'
  | 'network'
  | 'service'
  | 'not-found'
  /** The request: its configuration, or its rows. */
  | 'refused';

interface CodeMeaning {
  readonly kind: ResponsysErrorKind;
  readonly source: 'recorded' | 'guide' | 'CXA' | 'SOAP' | 'client';
  /** A request may be refused so for one of its rows, even when none is named. */
  readonly ofRows?: true;
}

const codes: Readonly<Record<string, CodeMeaning>> = {
  INVALID_TOKEN: { kind: 'token', source: 'recorded' },
  TOKEN_EXPIRED: { kind: 'token', source: 'client' },
  INVALID_USER_NAME_PASSWORD: { kind: 'login-refused', source: 'recorded' },
  AUTHENTICATION_FAILED: { kind: 'login-refused', source: 'SOAP' },
  PASSWORD_LOCKOUT: { kind: 'login-refused', source: 'CXA' },
  PASSWORD_EXPIRED: { kind: 'login-refused', source: 'CXA' },
  ACCOUNT_SUSPENDED: { kind: 'login-refused', source: 'CXA' },
  API_DISABLED_FOR_USER: { kind: 'not-allowed', source: 'guide' },
  INSUFFICIENT_ACCESS: { kind: 'not-allowed', source: 'CXA' },
  API_BLOCKED: { kind: 'not-allowed', source: 'guide' },
  API_LIMIT_EXCEEDED: { kind: 'throttled', source: 'guide' },
  REQUEST_LIMIT_EXCEEDED: { kind: 'throttled', source: 'SOAP' },
  INTERNAL_CAPACITY_LIMIT_EXCEEDED: { kind: 'capacity', source: 'guide' },
  UNABLE_TO_SUBMIT_ASYNC_REQUEST: { kind: 'service', source: 'guide' },
  SERVICE_UNAVAILABLE: { kind: 'service', source: 'SOAP' },
  UNEXPECTED_EXCEPTION: { kind: 'service', source: 'client' },
  UNRECOVERABLE_EXCEPTION: { kind: 'refused', source: 'SOAP' },
  RESOURCE_NOT_FOUND: { kind: 'not-found', source: 'recorded' },
  INVALID_PARAMETER: { kind: 'refused', source: 'recorded', ofRows: true },
  INVALID_NUMBER: { kind: 'refused', source: 'CXA', ofRows: true },
  INVALID_DATE: { kind: 'refused', source: 'CXA', ofRows: true },
  INVALID_REQUEST_CONTENT: { kind: 'refused', source: 'guide', ofRows: true },
  INVALID_FIELD_NAME: { kind: 'refused', source: 'CXA' },
  INVALID_OBJECT: { kind: 'refused', source: 'CXA' },
  RECIPIENT_LIMIT_EXCEEDED: { kind: 'refused', source: 'guide' },
  RECORD_LIMIT_EXCEEDED: { kind: 'refused', source: 'SOAP' },
  DUPLICATE_API_REQUEST: { kind: 'refused', source: 'CXA' },
  CAMPAIGN_IS_INVALID: { kind: 'refused', source: 'guide' },
  OPERATION_NOT_SUPPORTED: { kind: 'refused', source: 'SOAP' },
};

/** Codes that are known by their form: of these families no full list is public. */
const families: readonly (readonly [RegExp, CodeMeaning])[] = [
  [/^PASSWORD_/, { kind: 'login-refused', source: 'CXA' }],
  [/^(CLIENT|SERVER)_CERTIFICATE_/, { kind: 'login-refused', source: 'SOAP' }],
  [/_NOT_FOUND$/, { kind: 'not-found', source: 'SOAP' }],
  [/_ALREADY_EXISTS$/, { kind: 'refused', source: 'CXA' }],
];

/** What is known of a code; undefined for one that no source has. */
export function meaningOfCode(code: string): CodeMeaning | undefined {
  return Object.hasOwn(codes, code) ? codes[code] : families.find(([form]) => form.test(code))?.[1];
}

interface KindMeaning {
  /** Whether the same call may succeed later without anybody's doing. */
  readonly retried: boolean;
  /** Before which another try is of no use. */
  readonly retryAfterMs?: number;
  /** What the reader does. */
  readonly advice?: string;
}

export const kinds: Readonly<Record<ResponsysErrorKind, KindMeaning>> = {
  'login-refused': {
    retried: false,
    advice: 'correct the username and password, or have the user unlocked',
  },
  'not-allowed': { retried: false, advice: 'have the account’s administrator allow it' },
  token: { retried: true },
  throttled: { retried: true, retryAfterMs: 60_000 },
  // Oracle's window is ten minutes; asked a few times within it.
  capacity: { retried: true, retryAfterMs: 150_000 },
  network: { retried: true },
  service: { retried: true },
  'not-found': { retried: false, advice: 'check that it is still there under this name' },
  refused: { retried: false, advice: 'check the configuration against the account' },
};
