/**
 * Lets records go that are no longer a member's: a changed identifier, a merged profile or a lost identifier
 * leads elsewhere now. Their rows in the memberships table are set to 0 in every column, updated and never
 * inserted; a record that another member holds is left as it is.
 */
import type { MembershipColumn, Table } from '../../jobs/export-plan.ts';
import type { Merges, RowOutcome } from '../../systems/responsys/index.ts';
import type { RequestLine } from '../../systems/store/ledger.ts';
import type { OldRecord, Released } from '../../systems/store/records.ts';
import type { DeliverySettings } from './deliver.ts';
import { allEnded } from './all-ended.ts';
import { groupRows } from './grouping.ts';
import { noteRequests } from './request-lines.ts';

/** @throws ResponsysError when a whole request failed; what was sent before it may be sent again */
export async function releaseRecords(
  responsys: Merges,
  list: string,
  table: Table<MembershipColumn>,
  settings: DeliverySettings,
  old: readonly OldRecord[],
  requests: RequestLine[],
  signal: AbortSignal,
): Promise<readonly Released[]> {
  const shared = old.filter((record) => record.isShared);
  // Several members may let the same record go: it is set to 0 once.
  const alone = [
    ...Map.groupBy(
      old.filter((record) => !record.isShared),
      keyOf,
    ).values(),
  ];
  const groups = groupRows(alone, ([one]) => one?.column ?? '', settings.batchSize).map(async (group) => {
    const column = group[0]?.[0]?.column ?? 'RIID_';
    const result = await responsys.mergeTableMembers(
      list,
      table.name,
      {
        columns: [column, ...table.columns.map((one) => one.column)],
        rows: group.map(([one]) => [one?.value ?? '', ...table.columns.map(() => '0')]),
        matchColumns: [column],
        insertOnNoMatch: false,
        updateOnMatch: settings.updateOnMatch,
      },
      signal,
    );
    noteRequests(requests, 'memberships', result);
    return group.flatMap((holders, index) => {
      const outcome = holdsNothing(result.rows[index]) ? 'cleared' : 'failed';
      return holders.map((record): Released => ({ ...record, outcome }));
    });
  });
  return [
    ...(await allEnded(groups)).flat(),
    ...shared.map((record): Released => ({ ...record, outcome: 'left' })),
  ];
}

const keyOf = ({ column, value }: OldRecord): string => `${column} ${value}`;

/** Set to 0, or not there: a row that was never written, or a record that the list no longer has. */
const holdsNothing = (row: RowOutcome | undefined): boolean =>
  row !== undefined && (row.outcome !== 'rejected' || row.code === 'no-contact');
