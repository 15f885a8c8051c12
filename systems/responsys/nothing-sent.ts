/**
 * What proves that a call left nothing behind, so that it may be made again even where that must not happen
 * twice. What is not in this table proves nothing: a reset, a time-out, any other 500, an unknown code. The
 * documentation has the same table (docs/campaigns.md, held to this one by a test).
 */

interface Proof {
  readonly what: string;
  /** Codes of an answer or of the network; `HTTP n` is an answer without a code. `*` stands for any text. */
  readonly signs: readonly string[];
  readonly why: string;
}

export const proofs: readonly Proof[] = [
  {
    what: 'no connection',
    signs: ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', '*CERT*', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    why: 'No address, nobody there, or no trust in who answered: nothing of the request had left.',
  },
  {
    what: 'token',
    signs: ['INVALID_TOKEN', 'TOKEN_EXPIRED', 'Not a valid authentication token'],
    why: 'The token is looked at before the request; also where older hosts say so with a 500.',
  },
  {
    what: 'login',
    signs: [
      ...['INVALID_USER_NAME_PASSWORD', 'AUTHENTICATION_FAILED', 'ACCOUNT_SUSPENDED', 'PASSWORD_*'],
      ...['CLIENT_CERTIFICATE_*', 'SERVER_CERTIFICATE_*'],
    ],
    why: 'Without a login nothing else is called.',
  },
  {
    what: 'permission',
    signs: ['API_DISABLED_FOR_USER', 'INSUFFICIENT_ACCESS', 'API_BLOCKED', 'HTTP 401', 'HTTP 403'],
    why: 'The user may not make the call.',
  },
  {
    what: 'throttle',
    signs: [
      ...['API_LIMIT_EXCEEDED', 'REQUEST_LIMIT_EXCEEDED', 'INTERNAL_CAPACITY_LIMIT_EXCEEDED'],
      ...['HTTP 429'],
    ],
    why: 'A call beyond the limit is not taken.',
  },
  {
    what: 'maintenance',
    signs: ['SERVICE_UNAVAILABLE'],
    why: 'Responsys itself says that it takes no calls; a gateway’s bare 503 does not.',
  },
  {
    what: 'validation',
    signs: [
      ...['INVALID_PARAMETER', 'INVALID_NUMBER', 'INVALID_DATE', 'INVALID_REQUEST_CONTENT'],
      ...['INVALID_FIELD_NAME', 'INVALID_OBJECT', 'RECIPIENT_LIMIT_EXCEEDED', 'RECORD_LIMIT_EXCEEDED'],
      ...['OPERATION_NOT_SUPPORTED', 'CAMPAIGN_IS_INVALID', 'HTTP 413'],
    ],
    why: 'The request is refused as a whole before anything of it is done.',
  },
  {
    what: 'not found',
    signs: ['*_NOT_FOUND', 'HTTP 404'],
    why: 'What was asked for is not there.',
  },
];

const patterns = proofs.flatMap(({ signs }) =>
  signs.map((sign) => new RegExp(`^${sign.replaceAll('*', '.*')}$`)),
);

/** @param sign a code, or `HTTP n` where an answer has none */
export const isProof = (sign: string): boolean => patterns.some((pattern) => pattern.test(sign));
