/**
 * Merges into profile lists and extension tables. The result has an outcome for each row, in the rows'
 * order, whatever number of requests it took.
 */
import { z } from 'zod';
import type { IdentifierColumn } from '../../jobs/export-audience.ts';
import { splitRows } from './body.ts';
import type { Connection } from './connection.ts';
import { ResponsysError } from './errors.ts';
import { narrow } from './narrow.ts';
import type { SendResult } from './narrow.ts';
import { outcomeOfRow, refusalOf, rejection } from './row-outcome.ts';
import type { RowOutcome } from './row-outcome.ts';
import { formError } from './transport.ts';
import type { Answer, Request } from './transport.ts';

export interface ListMergeRule {
  /** One, or two that must both match; in the list's spelling, with the underscore. */
  readonly matchColumns: readonly IdentifierColumn[];
  readonly insertOnNoMatch: boolean;
  readonly updateOnMatch: 'REPLACE_ALL' | 'NO_UPDATE';
  readonly defaultPermissionStatus: 'OPTIN' | 'OPTOUT';
}

export interface ListMerge {
  readonly columns: readonly string[];
  /** As many cells as columns in each; a cell is a string. */
  readonly rows: readonly (readonly string[])[];
  readonly rule: ListMergeRule;
}

export interface TableMerge {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** In the list's spelling: what a table wants to hear instead is known here. */
  readonly matchColumns: readonly string[];
  readonly insertOnNoMatch: boolean;
  readonly updateOnMatch: 'REPLACE_ALL' | 'NO_UPDATE';
}

export interface MergeResult {
  /** In the order of the rows that were given. */
  readonly rows: readonly RowOutcome[];
  readonly requests: readonly MergeRequest[];
}

export interface MergeRequest {
  readonly rows: number;
  readonly status: number;
  readonly errorCode?: string;
  readonly correlationId?: string;
  readonly ms: number;
}

type Rows = readonly (readonly string[])[];

/** Source: Oracle's REST guide, lists-listName-members-post. */
export async function mergeList(
  connection: Pick<Connection, 'call'>,
  list: string,
  { columns, rows, rule }: ListMerge,
  signal?: AbortSignal,
): Promise<MergeResult> {
  const [matchColumnName1, matchColumnName2 = null] = rule.matchColumns;
  const mergeRule = {
    htmlValue: 'H',
    textValue: 'T',
    optinValue: 'I',
    optoutValue: 'O',
    insertOnNoMatch: rule.insertOnNoMatch,
    updateOnMatch: rule.updateOnMatch,
    matchColumnName1,
    matchColumnName2,
    matchOperator: matchColumnName2 === null ? 'NONE' : 'AND',
    rejectRecordIfChannelEmpty: null,
    defaultPermissionStatus: rule.defaultPermissionStatus,
  };
  const request = (some: Rows): Request => ({
    api: 'Merge List Recipients',
    what: `merge into the list ${list}`,
    method: 'POST',
    path: `/rest/api/v1.3/lists/${encodeURIComponent(list)}/members`,
    rows: some.length,
    body: { recordData: { fieldNames: columns, records: some, mapTemplateName: null }, mergeRule },
  });
  return mergeAll(rows, (some) => connection.call(request(some), signal), 'list', rule.insertOnNoMatch);
}

/** How a table wants to be told its match columns: by the current guide, or as older accounts have it. */
export type TableMatchForm = 'matchColumnName1' | 'matchColumn';

/** Source: Oracle's REST guide, listExtensions-petName-members-post: names without the underscore. */
export async function mergeTable(
  connection: Pick<Connection, 'call'>,
  path: { readonly list: string; readonly table: string },
  { columns, rows, matchColumns, insertOnNoMatch, updateOnMatch }: TableMerge,
  form: TableMatchForm,
  signal?: AbortSignal,
): Promise<MergeResult> {
  const [first, second = null] = matchColumns.map((column) => column.replace(/_$/, ''));
  const match =
    form === 'matchColumn' ? { matchColumn: first } : { matchColumnName1: first, matchColumnName2: second };
  const request = (some: Rows): Request => ({
    api: 'Merge Profile Extension Recipients',
    what: `merge into the table ${path.table}`,
    method: 'POST',
    path: `/rest/api/v1.3/lists/${encodeURIComponent(path.list)}/listExtensions/${encodeURIComponent(path.table)}/members`,
    rows: some.length,
    body: {
      recordData: { fieldNames: columns, records: some, mapTemplateName: null },
      insertOnNoMatch,
      updateOnMatch,
      ...match,
    },
  });
  return mergeAll(rows, (some) => connection.call(request(some), signal), 'table', insertOnNoMatch);
}

/** Whether a table was told its match column in the form that it does not know. Source: reference §3.4. */
export const isOtherMatchForm = (error: unknown): boolean =>
  error instanceof ResponsysError && error.kind === 'refused' && /match column is null/i.test(error.words);

async function mergeAll(
  rows: Rows,
  call: (rows: Rows) => Promise<Answer>,
  target: 'list' | 'table',
  insertOnNoMatch: boolean,
): Promise<MergeResult> {
  const requests: MergeRequest[] = [];
  const send = async (some: Rows): Promise<SendResult<RowOutcome>> => {
    try {
      const answer = await call(some);
      noteRequest(requests, some.length, answer);
      const { columns, records } = readRecords(answer.body, some.length);
      // A table may answer the given columns instead, and its form is not confirmed: its RIIDs are not read.
      const at = target === 'list' ? columns.findIndex((column) => /^riid_$/i.test(String(column))) : -1;
      const reading = { riidAt: at === -1 ? undefined : at, updatesOnly: !insertOnNoMatch };
      return { outcomes: records.map((cells) => outcomeOfRow(cells, reading)) };
    } catch (error) {
      const refusal = error instanceof ResponsysError ? refusalOf(error) : undefined;
      if (!(error instanceof ResponsysError) || refusal === undefined) throw error;
      const { status = 0, ms, errorCode, correlationId } = error;
      noteRequest(requests, some.length, { status, ms, errorCode, correlationId });
      return { refusal };
    }
  };
  const outcomes: RowOutcome[] = [];
  for (const run of splitRows(rows)) outcomes.push(...(await narrow(run, send, rejection)));
  return { rows: outcomes, requests };
}

/** Notes a request that was answered, or refused for a row of it. */
export function noteRequest(
  requests: MergeRequest[],
  rows: number,
  made: Omit<Answer, 'body'> & { readonly errorCode?: string | undefined },
): void {
  const { status, ms, errorCode, correlationId } = made;
  requests.push({
    rows,
    status,
    ms,
    ...(errorCode === undefined ? {} : { errorCode }),
    ...(correlationId === undefined ? {} : { correlationId }),
  });
}

const recordData = z.object({
  recordData: z.object({
    fieldNames: z.array(z.unknown()).nullish(),
    records: z.array(z.array(z.unknown())),
  }),
});

/** @throws ResponsysError when the answer has not a row for each row sent */
function readRecords(
  body: unknown,
  expected: number,
): { readonly columns: readonly unknown[]; readonly records: readonly (readonly unknown[])[] } {
  const parsed = recordData.safeParse(body);
  if (!parsed.success || parsed.data.recordData.records.length !== expected)
    throw formError(`Responsys answered a merge of ${expected} rows without a row for each`);
  const { fieldNames, records } = parsed.data.recordData;
  return { columns: fieldNames ?? [], records };
}
