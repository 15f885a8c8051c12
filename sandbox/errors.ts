/**
 * How the sandbox refuses: every code that it answers, once, with its HTTP status and title.
 * A refusal is thrown as `Refused` and becomes Responsys' envelope at the edge; nothing of a refused request
 * is applied. Sources: reference §1.7 and §5.3; "invented" marks a status or title that no source shows.
 */

interface Answer {
  readonly status: number;
  readonly title: string;
}

const answers = {
  INVALID_USER_NAME_PASSWORD: { status: 400, title: 'Invalid username or password' },
  PASSWORD_LOCKOUT: { status: 401, title: 'Password lockout' },
  INVALID_TOKEN: { status: 401, title: 'Not a valid token' },
  TOKEN_EXPIRED: { status: 401, title: 'Authentication token expired' },
  API_DISABLED_FOR_USER: { status: 401, title: 'API disabled for user' },
  UNEXPECTED_EXCEPTION: { status: 500, title: 'Unexpected exception' },
  API_LIMIT_EXCEEDED: { status: 401, title: 'API limit exceeded' },
  // The status is invented: no source shows it.
  INTERNAL_CAPACITY_LIMIT_EXCEEDED: { status: 503, title: 'Internal capacity limit exceeded' },
  SERVICE_UNAVAILABLE: { status: 503, title: 'Service unavailable' },
  INVALID_REQUEST_CONTENT: { status: 400, title: 'Invalid request content' },
  INVALID_PARAMETER: { status: 400, title: 'Invalid request parameters' },
  INVALID_FIELD_NAME: { status: 400, title: 'Invalid field name' },
  RECIPIENT_LIMIT_EXCEEDED: { status: 400, title: 'Recipient limit exceeded' },
  // The code is that of the asynchronous API; its status is invented.
  CAMPAIGN_IS_INVALID: { status: 400, title: 'Campaign is invalid' },
  OPERATION_NOT_SUPPORTED: { status: 400, title: 'Operation not supported' },
  RESOURCE_NOT_FOUND: { status: 404, title: 'Resource not found' },
  // The statuses of these not-found codes are invented; their codes are not.
  LIST_NOT_FOUND: { status: 404, title: 'List not found' },
  FOLDER_NOT_FOUND: { status: 404, title: 'Folder not found' },
  CAMPAIGN_NOT_FOUND: { status: 404, title: 'Campaign not found' },
  PROFILE_EXTENSION_NOT_FOUND: { status: 404, title: 'Profile extension not found' },
  RECORD_NOT_FOUND: { status: 404, title: 'Record not found' },
  OBJECT_ALREADY_EXISTS: { status: 400, title: 'Object already exists' },
  FOLDER_ALREADY_EXISTS: { status: 400, title: 'Folder already exists' },
} as const satisfies Record<string, Answer>;

export type RefusalCode = keyof typeof answers;

export interface Envelope {
  readonly type: '';
  readonly title: string;
  readonly errorCode: RefusalCode;
  readonly detail: string;
  readonly errorDetails: readonly [];
}

/** A request refused as a whole. `status` is given where a switch or a fault departs from the table. */
export class Refused extends Error {
  readonly code: RefusalCode;
  readonly status: number;
  /** Sent in place of the envelope: what the gateway says by itself. */
  readonly bareText: string | undefined;

  constructor(code: RefusalCode, detail: string, options: { status?: number; bareText?: string } = {}) {
    super(detail);
    this.name = 'Refused';
    this.code = code;
    this.status = options.status ?? answers[code].status;
    this.bareText = options.bareText;
  }

  /** Source: reference §5.2, recorded traffic: `type` is always empty. */
  envelope(): Envelope {
    return {
      type: '',
      title: answers[this.code].title,
      errorCode: this.code,
      detail: this.message,
      errorDetails: [],
    };
  }
}
