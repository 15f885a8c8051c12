/**
 * Delivers members to Responsys as they are now: profile list first, then, on the RIIDs that it answered, the
 * fields table and the memberships table. Every member that was given ends with a fate in each target.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { ExportPlan, FieldColumn, Table } from '../../jobs/export-plan.ts';
import { maxRowsPerRequest } from '../../jobs/limits.ts';
import type { Merges, RowOutcome } from '../../systems/responsys/index.ts';
import type { Fate, LedgerLine, Reason, RequestLine, Target } from '../../systems/store/ledger.ts';
import type { MemberNow } from '../../systems/store/members.ts';
import type { MemberRecord, OldRecord, Released } from '../../systems/store/records.ts';
import { allEnded } from './all-ended.ts';
import { cellOf } from './cells.ts';
import { groupRows } from './grouping.ts';
import { listRow } from './list-rows.ts';
import type { ListRow } from './list-rows.ts';
import { releaseRecords } from './release.ts';
import { noteRequests } from './request-lines.ts';

export interface DeliverySettings {
  readonly updateOnMatch: 'REPLACE_ALL' | 'NO_UPDATE';
  readonly defaultPermissionStatus: 'OPTIN' | 'OPTOUT';
  /** Rows of a request, at most 200. */
  readonly batchSize: number;
}

export interface Delivery {
  readonly lines: readonly LedgerLine[];
  readonly requests: readonly RequestLine[];
  /** The records in the memberships table: those that were written, and those that were let go. */
  readonly records: readonly MemberRecord[];
  readonly released: readonly Released[];
}

/**
 * Notes the records that are about to be written, for good, whatever becomes of this process.
 * @returns the records that are no longer these members'
 */
export type HoldRecords = (
  profileIds: readonly string[],
  records: readonly MemberRecord[],
) => Promise<readonly OldRecord[]>;

/** How long a table is given to see a member that the list has just taken, before each further try. */
const noContactWaitsMs = [2_000, 5_000, 15_000];

interface Outcome {
  readonly fates: Partial<Record<Target, Fate>>;
  readonly reasons: Reason[];
  riid: string | undefined;
}

/**
 * @param members of the source audience, now or once
 * @throws ResponsysError when a whole request failed; what was sent before it may be sent again
 */
export async function deliver(
  responsys: Merges,
  plan: ExportPlan,
  settings: DeliverySettings,
  members: readonly MemberNow[],
  holdRecords: HoldRecords,
  signal: AbortSignal,
): Promise<Delivery> {
  const outcomes = new Map<string, Outcome>();
  const requests: RequestLine[] = [];
  const rows = toListRows(members, plan, outcomes);
  await mergeList(responsys, plan, settings, rows, outcomes, requests, signal);

  const inList = rows.filter((row) => outcomeOf(outcomes, row).fates.list === 'accepted');
  const records: MemberRecord[] = [];
  const released: Released[] = [];
  if (plan.memberships !== null) {
    records.push(
      ...inList.map((row) => {
        const { column, text } = matchOf(row, plan, outcomes);
        return { profileId: row.member.profileId, column, value: text };
      }),
    );
    const old = await holdRecords(
      members.map(({ profileId }) => profileId),
      records,
    );
    released.push(
      ...(await releaseRecords(responsys, plan.list, plan.memberships, settings, old, requests, signal)),
    );
    for (const one of released) if (one.outcome === 'failed') noteKept(outcomes, one.profileId);
  }

  const tables: Promise<void>[] = [];
  if (plan.fields !== null) {
    const entered = inList.filter((row) => row.change === 'enter');
    const fieldRows = toFieldRows(entered, plan.fields, outcomes);
    tables.push(
      mergeTable(
        responsys,
        plan,
        settings,
        'fields',
        plan.fields.name,
        fieldRows,
        outcomes,
        requests,
        signal,
      ),
    );
  }
  if (plan.memberships !== null) {
    const { name, columns } = plan.memberships;
    const membershipRows = inList.map((row) => ({
      row,
      cells: new Map(
        columns.map(({ audienceId, column }) => [column, row.member.audienceIds.has(audienceId) ? '1' : '0']),
      ),
    }));
    tables.push(
      mergeTable(responsys, plan, settings, 'memberships', name, membershipRows, outcomes, requests, signal),
    );
  }
  await allEnded(tables);
  return { lines: members.map((member) => toLine(member, outcomes)), requests, records, released };
}

function toListRows(
  members: readonly MemberNow[],
  plan: ExportPlan,
  outcomes: Map<string, Outcome>,
): readonly ListRow[] {
  return members.flatMap((member) => {
    const outcome: Outcome = { fates: {}, reasons: [], riid: undefined };
    outcomes.set(member.profileId, outcome);
    const made = listRow(member, plan);
    if ('row' in made) return [made.row];
    outcome.fates.list = 'rejected';
    outcome.reasons.push(made.rejected);
    return [];
  });
}

async function mergeList(
  responsys: Merges,
  plan: ExportPlan,
  settings: DeliverySettings,
  rows: readonly ListRow[],
  outcomes: ReadonlyMap<string, Outcome>,
  requests: RequestLine[],
  signal: AbortSignal,
): Promise<void> {
  const columnsOf = (row: ListRow): string[] => Object.keys(row.cells).sort();
  // Enters and exits have different merge rules, and so have members who opted out.
  const key = (row: ListRow): string => [row.change, String(row.optedOut), ...columnsOf(row)].join();
  const merges = groupRows(rows, key, settings.batchSize).map(async (group) => {
    const [first] = group;
    if (first === undefined) return;
    const columns = columnsOf(first);
    const result = await responsys.mergeListMembers(
      plan.list,
      {
        columns,
        rows: group.map((row) => columns.map((column) => row.cells[column as keyof ListRow['cells']] ?? '')),
        rule: {
          matchColumns: plan.matchColumns,
          insertOnNoMatch: plan.insertOnNoMatch && first.change === 'enter',
          updateOnMatch: settings.updateOnMatch,
          defaultPermissionStatus: first.optedOut ? 'OPTOUT' : settings.defaultPermissionStatus,
        },
      },
      signal,
    );
    noteRequests(requests, 'list', result);
    group.forEach((row, index) => {
      record(outcomeOf(outcomes, row), 'list', result.rows[index]);
    });
  });
  await allEnded(merges);
}

interface TableRow {
  readonly row: ListRow;
  /** Column → text, without the columns of the match. */
  readonly cells: ReadonlyMap<string, string>;
}

function toFieldRows(
  rows: readonly ListRow[],
  table: Table<FieldColumn>,
  outcomes: ReadonlyMap<string, Outcome>,
): readonly TableRow[] {
  return rows.flatMap((row) => {
    const cells = new Map<string, string>();
    for (const { field, kind, column, type } of table.columns) {
      const value = row.member.fields[field];
      if (value === undefined) continue;
      const cell = cellOf(value, kind, type);
      if ('text' in cell) cells.set(column, cell.text);
      // Never cut, and no rejection of the rest: left out, and told in the ledger.
      else {
        const words = `${field} was left out: it does not fit the column ${column} (${type}).`;
        outcomeOf(outcomes, row).reasons.push({ target: 'fields', code: `left-out-${cell.fault}`, words });
      }
    }
    // A member without any of the fields has nothing to write: an empty row would only cost a request.
    return cells.size === 0 ? [] : [{ row, cells }];
  });
}

async function mergeTable(
  responsys: Merges,
  plan: ExportPlan,
  settings: DeliverySettings,
  target: 'fields' | 'memberships',
  table: string,
  rows: readonly TableRow[],
  outcomes: ReadonlyMap<string, Outcome>,
  requests: RequestLine[],
  signal: AbortSignal,
): Promise<void> {
  const send = async (group: readonly TableRow[]): Promise<readonly TableRow[]> => {
    const [first] = group;
    if (first === undefined) return [];
    const match = matchOf(first.row, plan, outcomes);
    const columns = [...first.cells.keys()];
    const result = await responsys.mergeTableMembers(
      plan.list,
      table,
      {
        columns: [match.column, ...columns],
        rows: group.map((one) => [
          matchOf(one.row, plan, outcomes).text,
          ...columns.map((column) => one.cells.get(column) ?? ''),
        ]),
        matchColumns: [match.column],
        insertOnNoMatch: true,
        updateOnMatch: settings.updateOnMatch,
      },
      signal,
    );
    noteRequests(requests, target, result);
    group.forEach((one, index) => {
      record(outcomeOf(outcomes, one.row), target, result.rows[index]);
    });
    return group.filter((_, index) => isNoContact(result.rows[index]));
  };
  const key = ({ row, cells }: TableRow): string =>
    [matchOf(row, plan, outcomes).column, ...cells.keys()].join();
  const sendAll = async (some: readonly TableRow[]): Promise<readonly TableRow[]> =>
    (await allEnded(groupRows(some, key, Math.min(settings.batchSize, maxRowsPerRequest)).map(send))).flat();

  let unseen = await sendAll(rows);
  for (const waitMs of noContactWaitsMs) {
    if (unseen.length === 0) return;
    await wait(waitMs, undefined, { signal });
    for (const { row } of unseen) forget(outcomeOf(outcomes, row), target);
    unseen = await sendAll(unseen);
  }
}

/** Rows of a table are matched on the RIID that the list answered, else on match column 1. */
function matchOf(
  row: ListRow,
  plan: ExportPlan,
  outcomes: ReadonlyMap<string, Outcome>,
): { readonly column: string; readonly text: string } {
  const { riid } = outcomeOf(outcomes, row);
  if (riid !== undefined) return { column: 'RIID_', text: riid };
  const column = plan.matchColumns[0] ?? 'EMAIL_ADDRESS_';
  return { column, text: row.cells[column] ?? '' };
}

function outcomeOf(outcomes: ReadonlyMap<string, Outcome>, row: ListRow): Outcome {
  const outcome = outcomes.get(row.member.profileId);
  if (outcome === undefined) throw new Error('A row without its member.');
  return outcome;
}

/** Told with the member whose record it was: only a row of theirs in the ledger shows it. */
function noteKept(outcomes: ReadonlyMap<string, Outcome>, profileId: string): void {
  const words =
    'A record that was this member’s could not be set to 0; it is tried again with the next send.';
  outcomes.get(profileId)?.reasons.push({ target: 'memberships', code: 'old-record-kept', words });
}

const isNoContact = (row: RowOutcome | undefined): boolean =>
  row?.outcome === 'rejected' && row.code === 'no-contact';

function record(outcome: Outcome, target: Target, row: RowOutcome | undefined): void {
  if (row === undefined) throw new Error(`The ${target} answered fewer rows than it was sent.`);
  outcome.fates[target] = row.outcome;
  if (row.outcome === 'rejected') outcome.reasons.push({ target, code: row.code, words: row.words });
  if (row.outcome === 'accepted' && target === 'list') outcome.riid = row.riid;
}

function forget(outcome: Outcome, target: Target): void {
  const index = outcome.reasons.findIndex((one) => one.target === target && one.code === 'no-contact');
  if (index >= 0) outcome.reasons.splice(index, 1);
  Reflect.deleteProperty(outcome.fates, target);
}

const fromBestToWorst: readonly Fate[] = ['accepted', 'not-in-list', 'rejected'];

function toLine(member: MemberNow, outcomes: ReadonlyMap<string, Outcome>): LedgerLine {
  const outcome = outcomes.get(member.profileId);
  if (outcome === undefined) throw new Error('A member without an outcome.');
  const worst = Math.max(...Object.values(outcome.fates).map((fate) => fromBestToWorst.indexOf(fate)), 0);
  return {
    profileId: member.profileId,
    change: member.inSource === true ? 'enter' : 'exit',
    changeNo: member.changeNo,
    fate: fromBestToWorst[worst] ?? 'rejected',
    fates: outcome.fates,
    ...(outcome.riid === undefined ? {} : { riid: outcome.riid }),
    reasons: outcome.reasons,
  };
}
