/**
 * What each error code of Responsys means for us. Classified by the code first, by the HTTP status second,
 * since the same trouble comes with different statuses.
 * Source: the reference's table of codes (recorded traffic, Oracle's REST guide, CX Audience, SOAP guide).
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
  | 'refused';

export const kindOfCode: Readonly<Record<string, ResponsysErrorKind>> = {
  INVALID_TOKEN: 'token',
  TOKEN_EXPIRED: 'token',
  INVALID_USER_NAME_PASSWORD: 'login-refused',
  AUTHENTICATION_FAILED: 'login-refused',
  PASSWORD_LOCKOUT: 'login-refused',
  PASSWORD_EXPIRED: 'login-refused',
  ACCOUNT_SUSPENDED: 'login-refused',
  API_DISABLED_FOR_USER: 'not-allowed',
  INSUFFICIENT_ACCESS: 'not-allowed',
  API_BLOCKED: 'not-allowed',
  API_LIMIT_EXCEEDED: 'throttled',
  REQUEST_LIMIT_EXCEEDED: 'throttled',
  INTERNAL_CAPACITY_LIMIT_EXCEEDED: 'capacity',
  UNABLE_TO_SUBMIT_ASYNC_REQUEST: 'service',
  SERVICE_UNAVAILABLE: 'service',
  UNEXPECTED_EXCEPTION: 'service',
  RESOURCE_NOT_FOUND: 'not-found',
  LIST_NOT_FOUND: 'not-found',
  FOLDER_NOT_FOUND: 'not-found',
  TABLE_NOT_FOUND: 'not-found',
  PROFILE_EXTENSION_NOT_FOUND: 'not-found',
  OBJECT_NOT_FOUND: 'not-found',
  RECORD_NOT_FOUND: 'not-found',
  CAMPAIGN_NOT_FOUND: 'not-found',
};

/** Milliseconds before a call of this kind is worth another try; undefined where waiting does not help. */
export const retryAfterMs: Readonly<Partial<Record<ResponsysErrorKind, number>>> = {
  throttled: 60_000,
  // Oracle's window is ten minutes; asked a few times within it.
  capacity: 150_000,
};
