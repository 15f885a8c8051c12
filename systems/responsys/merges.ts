/**
 * The merges of an account, over a connection or over anything that takes the same requests. In which form a
 * table wants its match column is remembered here.
 */
import type { Connection } from './connection.ts';
import { isOtherMatchForm, mergeList, mergeTable } from './merge.ts';
import type { ListMerge, MergeResult, TableMatchForm, TableMerge } from './merge.ts';

export interface Merges {
  mergeListMembers(list: string, merge: ListMerge, signal?: AbortSignal): Promise<MergeResult>;
  mergeTableMembers(
    list: string,
    table: string,
    merge: TableMerge,
    signal?: AbortSignal,
  ): Promise<MergeResult>;
}

/** In which form an account's tables want their match column, once one has said so. */
export interface MatchFormMemory {
  form: TableMatchForm;
}

export const rememberMatchForm = (): MatchFormMemory => ({ form: 'matchColumnName1' });

/** @param remembered shared by all that talk to one account */
export function openMerges(
  connection: Pick<Connection, 'call'>,
  remembered: MatchFormMemory = rememberMatchForm(),
): Merges {
  return {
    mergeListMembers: (list, merge, signal) => mergeList(connection, list, merge, signal),
    mergeTableMembers: async (list, table, merge, signal) => {
      const path = { list, table };
      const matchForm = merge.matchColumns.length > 1 ? 'matchColumnName1' : remembered.form;
      try {
        return await mergeTable(connection, path, merge, matchForm, signal);
      } catch (error) {
        // Older accounts know a single `matchColumn` only; what worked is remembered. Two columns cannot be
        // said so: half a match would write into others' rows.
        if (merge.matchColumns.length > 1 || matchForm === 'matchColumn' || !isOtherMatchForm(error))
          throw error;
        const result = await mergeTable(connection, path, merge, 'matchColumn', signal);
        remembered.form = 'matchColumn';
        return result;
      }
    },
  };
}
