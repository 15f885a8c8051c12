/**
 * Responsys, as the rest of this project sees it. What is odd about the service is known in this folder and
 * nowhere else.
 */
import { createTable, readLists, readRateLimits, readTables, readUser } from './catalogue.ts';
import type { Column, ExtensionTable, ProfileList, RateLimit } from './catalogue.ts';
import { openConnection } from './connection.ts';
import type { ConnectionOptions, Token } from './connection.ts';
import { isOtherMatchForm, mergeList, mergeTable } from './merge.ts';
import type { ListMerge, MergeResult, TableMatchForm, TableMerge } from './merge.ts';

export type { ExtensionTable, ProfileList } from './catalogue.ts';
export { normaliseEndpointUri } from './endpoint.ts';
export { ResponsysError } from './errors.ts';
export { callsPerMinute } from './limiter.ts';
export type { MergeResult } from './merge.ts';
export type { RowOutcome } from './row-outcome.ts';

/** Every call throws ResponsysError; the rows of a merge have their own fates. */
export interface Responsys {
  /** A login for its own sake: whether the account takes it. */
  logIn(signal?: AbortSignal): Promise<Token>;
  user(signal?: AbortSignal): Promise<{ readonly accountName: string; readonly userName: string }>;
  lists(signal?: AbortSignal): Promise<readonly ProfileList[]>;
  extensionTables(list: string, signal?: AbortSignal): Promise<readonly ExtensionTable[]>;
  createExtensionTable(
    list: string,
    table: { readonly name: string; readonly folder: string; readonly fields: readonly Column[] },
    signal?: AbortSignal,
  ): Promise<void>;
  rateLimits(signal?: AbortSignal): Promise<readonly RateLimit[]>;
  mergeListMembers(list: string, merge: ListMerge, signal?: AbortSignal): Promise<MergeResult>;
  mergeTableMembers(
    list: string,
    table: string,
    merge: TableMerge,
    signal?: AbortSignal,
  ): Promise<MergeResult>;
}

/** Makes no call before the first is asked for. */
export function connectResponsys(options: ConnectionOptions): Responsys {
  const connection = openConnection(options);
  let matchForm: TableMatchForm = 'matchColumnName1';
  return {
    logIn: (signal) => connection.logIn(signal),
    user: (signal) => readUser(connection, signal),
    lists: (signal) => readLists(connection, signal),
    extensionTables: (list, signal) => readTables(connection, list, signal),
    createExtensionTable: (list, table, signal) => createTable(connection, list, table, signal),
    rateLimits: (signal) => readRateLimits(connection, signal),
    mergeListMembers: (list, merge, signal) => mergeList(connection, list, merge, signal),
    mergeTableMembers: async (list, table, merge, signal) => {
      const path = { list, table };
      try {
        return await mergeTable(connection, path, merge, matchForm, signal);
      } catch (error) {
        // Older accounts know a single `matchColumn` only; what worked is remembered.
        if (matchForm === 'matchColumn' || !isOtherMatchForm(error)) throw error;
        const result = await mergeTable(connection, path, merge, 'matchColumn', signal);
        matchForm = 'matchColumn';
        return result;
      }
    },
  };
}
