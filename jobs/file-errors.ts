/**
 * What can be wrong with the server of event files, or with one of them. A file with such an error changes no
 * profile and stays visible with it.
 */
import type { ErrorKind } from './errors.ts';

export const fileErrorKinds = {
  HOST_KEY_CHANGED: {
    meaning: 'The SFTP server shows another host key than the one that was confirmed.',
    retried: false,
    remedy: 'Ask the server’s owner; if it is theirs, "authorizations update" with the new fingerprint.',
    exit: 3,
  },
  FILE_GONE: {
    meaning: 'A file that was listed is no longer in its folder.',
    retried: false,
    remedy: 'None, unless it was moved by mistake.',
    exit: 5,
  },
  FILE_CHANGED: {
    meaning:
      'A file had another size or time at the end of its reading than before: it is still being written.',
    retried: true,
    remedy: 'None: it is taken once it is at rest.',
    exit: 3,
  },
  FILE_TRUNCATED: {
    meaning: 'A file ends before its content does.',
    retried: false,
    remedy: 'Have it delivered again, then "jobs retry".',
    exit: 3,
  },
  FILE_TAMPERED: {
    meaning: 'A file fails its own check (MDC, AEAD or CRC): it was altered or damaged on its way.',
    retried: false,
    remedy: 'Have it delivered again, then "jobs retry".',
    exit: 3,
  },
  FILE_WRONG_KEY: {
    meaning: 'A file is encrypted to another key than the authorization’s.',
    retried: false,
    remedy: 'Give the authorization the key that the message names, or have the file encrypted to its key.',
    exit: 3,
  },
  FILE_PASSWORD_NEEDED: {
    meaning: 'A file, or an entry of an archive, is locked with a password.',
    retried: false,
    remedy: 'Have it encrypted to the authorization’s PGP key instead.',
    exit: 3,
  },
  FILE_NOT_DECRYPTABLE: {
    meaning: 'A file is encrypted in a way that cannot be read, or without any protection of its integrity.',
    retried: false,
    remedy: 'The message says what it is; have it encrypted with integrity protection, as gpg does.',
    exit: 3,
  },
  FILE_TOO_LARGE: {
    meaning: 'A file unpacks to more than the limits allow, as an archive made to do harm does.',
    retried: false,
    remedy: 'Raise the limits if the file is what it should be.',
    exit: 3,
  },
  FILE_FORM_UNKNOWN: {
    meaning: 'A file is neither delimited text nor JSON, nor a PGP message, zip or gzip of these.',
    retried: false,
    remedy: 'Look at what was put into the folder.',
    exit: 3,
  },
  FILE_HEADER: {
    meaning: 'A file’s header lacks a column that its events need, or has another delimiter.',
    retried: false,
    remedy: 'Set the delimiter that the message names, or add the columns to the export.',
    exit: 3,
  },
  FILE_COUNT_DIFFERS: {
    meaning: 'A file has another number of rows than its count file says.',
    retried: false,
    remedy: 'Have it delivered again, then "jobs retry".',
    exit: 3,
  },
} as const satisfies Readonly<Record<string, ErrorKind>>;
