/**
 * What every handler of an API function is given, and what it answers.
 */
import type { Account } from './account.ts';
import type { Catalog } from './catalog.ts';
import type { Config } from './config.ts';
import type { Storage } from './storage.ts';

export interface Context {
  readonly config: () => Config;
  readonly storage: Storage;
  readonly catalog: Catalog;
  readonly account: Account;
  /** List members that extension tables do not know yet: RIID to the epoch ms from which they do. */
  readonly newcomers: Map<number, number>;
  /** The origin that logins are told to use. */
  readonly endPoint: () => string;
}

export interface Call {
  /** Names in the path: `list`, `table`, `riid`, `campaign`. */
  readonly names: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** The request's JSON; undefined without a body. */
  readonly body: unknown;
  /** The same as it came. */
  readonly raw: Buffer;
  readonly username: string;
}

export interface Answer {
  readonly body: unknown;
  /** For the log: rows asked for, and those refused inside the answer. */
  readonly rows?: number;
  readonly failed?: number;
}

export type Handler = (context: Context, call: Call) => Answer;
