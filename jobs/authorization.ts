/**
 * The three kinds of authorization of the specification: their fields in its order and words, and which of
 * them are secret. A field left blank is the same as one left out.
 */
import { z } from 'zod';
import { accountId } from './account-id.ts';

export const authorizationKinds = [
  'responsys-interact',
  'responsys-sftp',
  'responsys-sftp-with-pgp',
] as const;
export type AuthorizationKind = (typeof authorizationKinds)[number];

export interface AuthorizationField {
  readonly name: string;
  /** The specification's name of the field. */
  readonly title: string;
  readonly secret: boolean;
  readonly required: boolean;
  /** A line under the field when it is asked for. */
  readonly hint?: string;
  /** Secrets of several lines are read from a file. */
  readonly multiline?: boolean;
  /** Not asked for at a terminal: it is found out and confirmed there, or hardly ever needed. */
  readonly unasked?: boolean;
}

const label = { name: 'label', title: 'Label', secret: false, required: true } as const;
const description = { name: 'description', title: 'Description', secret: false, required: false } as const;

const sftpFields = [
  label,
  description,
  { name: 'host', title: 'Host', secret: false, required: true, hint: 'such as files.responsys.net' },
  { name: 'port', title: 'Port', secret: false, required: true, hint: '22 unless you were told another' },
  { name: 'username', title: 'Username', secret: false, required: true },
] as const;
const folder = {
  name: 'folder',
  title: 'Folder',
  secret: false,
  required: false,
  hint: 'Folder path to place files',
} as const;

/** Beyond the specification: what a login by SSH needs to be safe, and to reach old servers. */
const sshFields = [
  {
    name: 'privateKeyPassphrase',
    title: 'Private Key Passphrase',
    secret: true,
    required: false,
    hint: 'of the key that logs in, where it has one',
  },
  {
    name: 'hostKeyFingerprint',
    title: 'Host Key Fingerprint',
    secret: false,
    required: false,
    hint: 'SHA256:…, as ssh-keygen -l prints it',
    unasked: true,
  },
  {
    name: 'extraAlgorithms',
    title: 'Extra Algorithms',
    secret: false,
    required: false,
    hint: 'for old servers, such as diffie-hellman-group1-sha1, ssh-dss',
    unasked: true,
  },
] as const;

/** The fields of each kind, in the order and words of the specification. */
export const authorizationFields: Readonly<Record<AuthorizationKind, readonly AuthorizationField[]>> = {
  'responsys-interact': [
    label,
    description,
    { name: 'username', title: 'Username', secret: false, required: true },
    { name: 'password', title: 'Password', secret: true, required: true },
    {
      name: 'endpointUri',
      title: 'Endpoint URI',
      secret: false,
      required: true,
      hint: 'either login2.responsys.net, login.rsys8.net, or AccountToken-api.responsys.ocs.oraclecloud.com',
    },
    // Beyond the specification. REST does not tell it; one account of which there are event files is taken.
    {
      name: 'accountId',
      title: 'Account Id',
      secret: false,
      required: false,
      hint: 'the number with which the account’s event files begin; needed only where there are files of several',
      unasked: true,
    },
  ],
  'responsys-sftp': [
    ...sftpFields,
    { name: 'privateKey', title: 'Private Key', secret: true, required: true, multiline: true },
    folder,
    ...sshFields,
  ],
  'responsys-sftp-with-pgp': [
    ...sftpFields,
    { name: 'privateKey', title: 'SFTP Private Key', secret: true, required: true, multiline: true },
    folder,
    { name: 'pgpPrivateKey', title: 'PGP Private Key', secret: true, required: true, multiline: true },
    { name: 'pgpPassphrase', title: 'PGP Private Key Passphrase', secret: true, required: true },
    ...sshFields,
  ],
};

export const kindTitles: Readonly<Record<AuthorizationKind, string>> = {
  'responsys-interact': 'Responsys Interact',
  'responsys-sftp': 'Responsys SFTP Server',
  'responsys-sftp-with-pgp': 'Responsys SFTP Server with PGP',
};

const text = z.string().trim().min(1, 'is required');
const port = z.coerce.number().int().min(1).max(65535);
const named = { label: text.max(200), description: z.string().trim().default('') };

const interact = z.strictObject({
  kind: z.literal('responsys-interact'),
  ...named,
  username: text,
  password: z.string().min(1, 'is required'),
  endpointUri: text,
  accountId: z.literal('').or(accountId).optional(),
});
const sftp = {
  ...named,
  host: text,
  port,
  username: text,
  privateKey: text,
  folder: z.string().trim().default(''),
  privateKeyPassphrase: z.string().optional(),
  hostKeyFingerprint: z
    .string()
    .trim()
    .regex(
      /^(SHA256:[A-Za-z0-9+/]{43}=?)?$/,
      'expected SHA256: and 43 characters, as ssh-keygen -l prints it',
    )
    .transform((printed) => printed.replace(/=$/, ''))
    .optional(),
  /** Names of key exchanges, host keys, ciphers and MACs, between commas: tried after the usual ones. */
  extraAlgorithms: z.string().trim().optional(),
};
const plainSftp = z.strictObject({ kind: z.literal('responsys-sftp'), ...sftp });
const pgpSftp = z.strictObject({
  kind: z.literal('responsys-sftp-with-pgp'),
  ...sftp,
  pgpPrivateKey: text,
  pgpPassphrase: z.string().min(1, 'is required'),
});

/** A whole authorization, secrets included. Never logged, never in a workflow. */
export const authorizationSchema = z.discriminatedUnion('kind', [interact, plainSftp, pgpSftp]);
export type Authorization = z.infer<typeof authorizationSchema>;
/** Either of the two that log in by SSH. */
export type SftpAuthorization = Exclude<Authorization, { readonly kind: 'responsys-interact' }>;
