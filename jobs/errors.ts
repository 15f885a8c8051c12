/**
 * Every expected error, each with a code. The documentation's table (docs/errors.md) is checked against this
 * one. Messages name the field, the value and what would be right; they hold no secret and nobody's data.
 */

import { fileErrorKinds } from './file-errors.ts';

export interface ErrorKind {
  /** What has happened. */
  readonly meaning: string;
  /** Whether it is tried again without a person. */
  readonly retried: boolean;
  /** What the reader does about it. */
  readonly remedy: string;
  /** The exit code of a command that ends with it. */
  readonly exit: 2 | 3 | 4 | 5 | 6;
}

export const errorKinds = {
  USAGE: {
    meaning: 'A command or one of its options is not understood.',
    retried: false,
    remedy: 'Read the command’s --help.',
    exit: 2,
  },
  INPUT_NOT_VALID: {
    meaning: 'A file or a field of it does not have the form that is expected.',
    retried: false,
    remedy: 'Correct the field that the message names.',
    exit: 2,
  },
  NOT_FOUND: {
    meaning: 'An authorization, audience, job or person of that name is not in the store.',
    retried: false,
    remedy: 'Check the name against the matching list command.',
    exit: 5,
  },
  CONFLICT: {
    meaning: 'The name is taken, or the thing is still in use.',
    retried: false,
    remedy: 'Choose another name, or remove what uses it.',
    exit: 3,
  },
  AUTHORIZATION_REFUSED: {
    meaning: 'The service refused the login.',
    retried: false,
    remedy:
      'Correct the authorization with "authorizations update": the jobs that it parked go on by themselves.',
    exit: 3,
  },
  AUTHORIZATION_KIND: {
    meaning: 'The authorization is of a kind that this job does not take.',
    retried: false,
    remedy: 'Name an authorization of the kind in the message.',
    exit: 3,
  },
  CONFIGURATION_REFUSED: {
    meaning: 'The job’s configuration does not fit the account.',
    retried: false,
    remedy: 'Correct what the message lists, and start the job again.',
    exit: 3,
  },
  CHANGE_REFUSED: {
    meaning: 'A changed file asks for what a job that is there cannot change.',
    retried: false,
    remedy: 'Stop the job and start another under another label, or undo that change of the file.',
    exit: 3,
  },
  REBUILD_RUNS: {
    meaning: 'Profiles are being built anew; no events are folded into them until that is done.',
    retried: true,
    remedy: 'None; "jobs rebuild" or "jobs files --redo", run again, finishes one that broke off.',
    exit: 3,
  },
  REQUEST_REFUSED: {
    meaning: 'Responsys refused a whole request for a reason that is no single row’s.',
    retried: false,
    remedy: 'The message has Responsys’ code; "jobs failures" has its words.',
    exit: 3,
  },
  TOO_MANY_REJECTED: {
    meaning: 'More of a job’s members were rejected than its setting stopWhenRejected lets pass.',
    retried: false,
    remedy: 'See "jobs failures"; then "jobs resume" goes on, "jobs retry" sends the rejected again.',
    exit: 3,
  },
  TRIGGERS_UNANSWERED: {
    meaning:
      'Triggers of a campaign got no answer, again and again: whether those mails went out is unknown.',
    retried: false,
    remedy:
      'See in Responsys whether the campaign sends; "jobs resume" goes on, "jobs send-unknown" triggers the unknown again.',
    exit: 3,
  },
  MAILS_OF_DAY_USED: {
    meaning: 'A campaign job has sent the mails of its setting mailsADay within 24 hours.',
    retried: true,
    remedy: 'None: the others wait until the day has room again, or the number is raised.',
    exit: 3,
  },
  DRIFT: {
    meaning: 'What Responsys holds of members is not what was sent.',
    retried: false,
    remedy: 'See the table; "jobs backfill" sends everybody again.',
    exit: 6,
  },
  SERVICE_UNAVAILABLE: {
    meaning: 'A service cannot be reached, throttles, or answers with errors of its own.',
    retried: true,
    remedy: 'None, unless it lasts.',
    exit: 4,
  },
  NO_WORKER: {
    meaning: 'No worker took the job up.',
    retried: true,
    remedy: 'Start one with "npm run worker", or everything with "npm start".',
    exit: 4,
  },
  NOT_RUNNING: {
    meaning: 'Nothing is configured or running that the command could talk to.',
    retried: false,
    remedy: 'Run "npm start", or set LYTICS_RESPONSYS_DATABASE_URL and LYTICS_RESPONSYS_KEY.',
    exit: 4,
  },
  NOT_NOW: {
    meaning: 'The job is in a state, or of a kind, in which this cannot be done.',
    retried: false,
    remedy: 'The message says what has to come first, or what there is in its place.',
    exit: 3,
  },
  ...fileErrorKinds,
} as const satisfies Readonly<Record<string, ErrorKind>>;

export type ErrorCode = keyof typeof errorKinds;

/** An expected error: shown as its message alone, without a stack trace. */
export class ExpectedError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.name = 'ExpectedError';
    this.code = code;
  }
}

/** An error that says what was given and what would be right, as "field: what is wrong". */
export const notValid = (field: string, fault: string): ExpectedError =>
  new ExpectedError('INPUT_NOT_VALID', `${field}: ${fault}`);
