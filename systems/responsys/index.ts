/**
 * Responsys, as the rest of this project sees it. What is odd about the service is known in this folder and
 * nowhere else.
 */
import { createTable, readListFields, readLists, readRateLimits, readTables, readUser } from './catalogue.ts';
import type { Column, ExtensionTable, ProfileList, RateLimit } from './catalogue.ts';
import { openConnection } from './connection.ts';
import type { ConnectionOptions } from './connection.ts';
import { openMerges } from './merges.ts';
import type { Merges } from './merges.ts';

export type { ExtensionTable, ProfileList } from './catalogue.ts';
export { assumedCallsPerMinute, limitsByFunction } from './functions.ts';
export type { ResponsysFunction } from './functions.ts';
export { normaliseEndpointUri } from './endpoint.ts';
export { ResponsysError } from './errors.ts';
export { callsPerMinute } from './limiter.ts';
export type { MergeResult } from './merge.ts';
export type { Merges } from './merges.ts';
export { rehearseMerges } from './rehearsal.ts';
export type { RowOutcome } from './row-outcome.ts';

export interface LoggedIn {
  /** The origin that later calls go to. */
  readonly endPoint: string;
  /** Milliseconds since 1970, by Responsys' clock. */
  readonly issuedAt: number;
}

/** Every call throws ResponsysError; the rows of a merge have their own fates. */
export interface Responsys extends Merges {
  /** A new login by password: whether the account takes it. Later calls use it. */
  logIn(signal?: AbortSignal): Promise<LoggedIn>;
  user(signal?: AbortSignal): Promise<{ readonly accountName: string; readonly userName: string }>;
  lists(signal?: AbortSignal): Promise<readonly ProfileList[]>;
  listFields(list: string, signal?: AbortSignal): Promise<readonly Column[]>;
  extensionTables(list: string, signal?: AbortSignal): Promise<readonly ExtensionTable[]>;
  createExtensionTable(
    list: string,
    table: { readonly name: string; readonly folder: string; readonly fields: readonly Column[] },
    signal?: AbortSignal,
  ): Promise<void>;
  rateLimits(signal?: AbortSignal): Promise<readonly RateLimit[]>;
}

/** Makes no call before the first is asked for. */
export function connectResponsys(options: ConnectionOptions): Responsys {
  const connection = openConnection(options);
  return {
    logIn: async (signal) => {
      // Without the token: it is no business of anybody else's.
      const { endPoint, issuedAt } = await connection.logIn(signal);
      return { endPoint, issuedAt };
    },
    user: (signal) => readUser(connection, signal),
    lists: (signal) => readLists(connection, signal),
    listFields: (list, signal) => readListFields(connection, list, signal),
    extensionTables: (list, signal) => readTables(connection, list, signal),
    createExtensionTable: (list, table, signal) => createTable(connection, list, table, signal),
    rateLimits: (signal) => readRateLimits(connection, signal),
    ...openMerges(connection),
  };
}
