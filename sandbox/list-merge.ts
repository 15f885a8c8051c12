/**
 * Merging recipients into a profile list. Rows in their order, so that of two rows on the same member the
 * later wins and both answer the same RIID. Source: reference §2.
 */
import type { ProfileList } from './catalog.ts';
import { isReadOnly, permissionColumns } from './columns.ts';
import type { Answer, Call, Context } from './context.ts';
import { Refused } from './errors.ts';
import { listLinks } from './links.ts';
import { openListRows } from './list-rows.ts';
import { echoRule, readListRule } from './merge-rule.ts';
import type { ListMergeRule } from './merge-rule.ts';
import { asObject, onlyKeys, readRecordData } from './record-data.ts';
import type { RecordData } from './record-data.ts';
import { checkRows, failedRecord } from './row-check.ts';

export function mergeListRecipients(context: Context, call: Call): Answer {
  const list = context.catalog.list(call.names['list'] ?? '');
  const body = asObject(call.body, 'The request');
  onlyKeys(body, 'the request', ['recordData', 'mergeRule', 'links']);
  const { rows, mapTemplateName } = context.storage.transaction(() =>
    mergeIntoList(context, list, body['recordData'], body['mergeRule']),
  );
  const failed = rows.filter(({ fault }) => fault !== undefined).length;
  const records = rows.map(({ riid, fault }, index) =>
    fault === undefined ? [String(riid)] : failedRecord(index, fault, 1),
  );
  return {
    body: {
      recordData: { fieldNames: ['RIID_'], records, mapTemplateName },
      mergeRule: echoRule(body['mergeRule'] as object),
      links: listLinks(list.name),
    },
    rows: records.length,
    failed,
  };
}

/** What became of a row: its record, or why there is none. */
export type MergedRow =
  | { readonly riid: number; readonly fault?: undefined }
  /** `unmatched`: the row is sound, and no record is its. */
  | { readonly riid?: undefined; readonly fault: string; readonly unmatched: boolean };

/** Within the caller's transaction. @throws Refused where the whole request is wrong */
export function mergeIntoList(
  context: Context,
  list: ProfileList,
  recordData: unknown,
  mergeRule: unknown,
): { readonly rows: readonly MergedRow[]; readonly mapTemplateName: string | null } {
  const config = context.config();
  const rule = readListRule(mergeRule);
  const data = readRecordData(recordData, list.field, config.unknownField);
  refuseColumns(data, rule);
  const { H, T, I, O } = rule.said;
  const failures = checkRows(data, {
    keys: rule.keys,
    channels: rule.channels,
    allowed: {
      EMAIL_FORMAT_: [H, T],
      ...Object.fromEntries(permissionColumns.map((name) => [name, [I, O]])),
    },
    badEmail: config.badEmail,
  });

  const rows = openListRows(context, list, data, rule);
  const merged = data.rows.map((row, index): MergedRow => {
    const fault = failures.get(index);
    if (fault !== undefined) return { fault, unmatched: false };
    const riid = rows.merge(row);
    return riid === undefined ? { fault: noMatch(rule), unmatched: true } : { riid };
  });
  list.count += rows.finish().inserted;
  return { rows: merged, mapTemplateName: data.mapTemplateName };
}

/** The match columns must be given, and only Responsys writes its read-only columns. */
function refuseColumns(data: RecordData, rule: ListMergeRule): void {
  const names = data.columns.map((field) => field.name);
  const keys: readonly string[] = rule.keys;
  const missing = keys.find((key) => !names.includes(key));
  if (missing !== undefined)
    throw new Refused('INVALID_PARAMETER', `The match column ${missing} is not found in fieldNames`);
  const locked = names.find((name) => isReadOnly(name) && !keys.includes(name));
  if (locked !== undefined) throw new Refused('INVALID_PARAMETER', `The field ${locked} is read only`);
}

/** These words are invented: no source shows what a row without a match is told. */
function noMatch(rule: ListMergeRule): string {
  return rule.insertOnNoMatch
    ? 'No match found for the record, and RIID_ is only for updates'
    : 'No match found for the record, and insertOnNoMatch is false';
}
