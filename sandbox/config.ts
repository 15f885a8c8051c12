/**
 * What can be set in the sandbox: its content (account, users, folders, lists) and the switches for what is
 * not certain about Responsys. The same schema checks the file given by `--config` and the patches of the
 * control API. Every option has its default in `defaults.ts`.
 */
import { z } from 'zod';
import { fieldTypes } from './columns.ts';
import { defaults } from './defaults.ts';
import { functionNames } from './functions.ts';
import { readPublicKey } from './sftp/keys.ts';

const name = z.string().min(1).max(100);

export const campaignTypes = ['EMAIL', 'PUSH', 'SMS', 'MMS', 'PUSHIOCAMPAIGN'] as const;

const byFunction = z.partialRecord(z.enum(['*', ...functionNames]), z.number().min(0));

export const configSchema = z.strictObject({
  account: z.strictObject({
    /** `accountName` of `/user/info`: what the limits count by. */
    name,
    displayName: name,
    timeZone: name,
  }),
  /** The account's API users, by user name. */
  users: z.record(
    name,
    z.strictObject({
      password: z.string().min(1),
      email: z.string(),
      /** Functions that the user may not call: answered 401 API_DISABLED_FOR_USER. */
      disabledFunctions: z.array(z.enum(functionNames)).default([]),
    }),
  ),
  folders: z.array(name),
  lists: z.array(
    z.strictObject({
      name,
      folder: name,
      /** The list's own columns, besides the system's. */
      fields: z.array(
        z.strictObject({
          name: z.string().regex(/^[A-Za-z][A-Za-z0-9$#_]{0,29}$/),
          type: z.enum(fieldTypes),
        }),
      ),
    }),
  ),
  /** Campaigns of the account. Their ids outlive a change of their settings. */
  campaigns: z.array(
    z.strictObject({
      name,
      folder: name,
      /** The profile list that it is sent to. */
      list: name,
      type: z.enum(campaignTypes).default('EMAIL'),
      purpose: z.enum(['PROMOTIONAL', 'TRANSACTIONAL']).default('PROMOTIONAL'),
      status: z.enum(['NONE', 'DRAFT', 'ACTIVE', 'CLOSED']).default('ACTIVE'),
      subject: z.string().default(''),
      /** Tables of its list whose columns the message may use, by name. */
      tables: z.array(name).default([]),
    }),
  ),
  /** Addresses that mail cannot be delivered to: their records are undeliverable, in every list. */
  undeliverable: z.array(z.string()),
  /** How a recipient of a trigger who is not in the list is refused: in its element of a 200, or the whole request. */
  unknownRecipient: z.enum(['hidden', 'whole-request', 'whole-request-without-index']),
  /** How long a token lives: two hours by one of Oracle's pages, three by another. */
  tokenLifetimeMs: z.number().int().positive(),
  /** How an unknown or expired token is refused: 401 with its code, or 500 UNEXPECTED_EXCEPTION as older hosts do. */
  badTokenStatus: z.literal([401, 500]),
  /** Wrong passwords in a row after which a user is locked. */
  lockoutAfter: z.number().int().positive(),
  /** Calls per account, function and minute, where they differ from the sandbox's defaults; `*` for all. */
  limits: byFunction,
  /** Whether a minute is the clock's, or the last 60 seconds. */
  limitWindow: z.enum(['clock', 'sliding']),
  /** Sources differ on the status of API_LIMIT_EXCEEDED. */
  limitStatus: z.literal([400, 401, 429]),
  /** `text` is the gateway's bare "you got rate limited". */
  limitBody: z.enum(['envelope', 'text']),
  /** Milliseconds that each call of a function takes at least; `*` for all others. */
  latencyMs: byFunction,
  /** The key that names a table merge's match column: which one an account wants is not certain. */
  petMatchColumn: z.enum(['matchColumnName1', 'matchColumn']),
  /** What the rows of a table merge's answer hold: the RIID, or the given columns as supplemental tables echo them. */
  petAnswer: z.enum(['riid', 'echo']),
  /** How long a new list member stays unknown to the list's extension tables. */
  petLagMs: z.number().int().min(0),
  /** What a bad e-mail address does: hidden in its row of a 200, or the whole request refused. */
  badEmail: z.enum(['hidden', 'whole-request', 'whole-request-without-index']),
  /** How an unknown column is refused. */
  unknownField: z.enum(['INVALID_FIELD_NAME', 'INVALID_PARAMETER']),
  /** Whether `defaultPermissionStatus` also touches records that a merge updates. Oracle's text is unclear. */
  permissionOnUpdate: z.boolean(),
  /** The SFTP server that event files are fetched from. */
  sftp: z.strictObject({
    /** Responsys' own have the form `<account>_scp`. */
    username: name,
    /** Keys that may log in besides the sandbox's own: lines as in `authorized_keys`. */
    publicKeys: z.array(
      z.string().refine((line) => readPublicKey(line) !== undefined, {
        error: 'is no public key in one line, as ssh-keygen writes it to a .pub file',
      }),
    ),
    /** The folders that are made below `/` where they are missing. */
    folders: z.array(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/)),
  }),
});

export type Config = z.infer<typeof configSchema>;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `patch` laid over `base`: objects key by key, everything else replaced. */
export function overlay(base: unknown, patch: unknown): unknown {
  if (!isObject(base) || !isObject(patch)) return patch;
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(patch)) merged[key] = overlay(merged[key], value);
  return merged;
}

/**
 * The defaults with the patches laid over them in order.
 * @throws Error that names each wrong setting and what would be right
 */
export function readConfig(...patches: readonly unknown[]): Config {
  const result = configSchema.safeParse(patches.reduce(overlay, defaults));
  if (result.success) return result.data;
  throw new Error(`The sandbox's configuration is wrong:\n${z.prettifyError(result.error)}`);
}
