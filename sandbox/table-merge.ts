/**
 * Merging recipients into a profile extension table. A row finds its list member first, by the match columns;
 * the table's row is then found by that member's RIID. Source: reference §3.4.
 */
import type { ExtensionTable, ProfileList } from './catalog.ts';
import { isMatchColumn, tableSystemFields } from './columns.ts';
import type { Field } from './columns.ts';
import type { Answer, Call, Context } from './context.ts';
import { Refused } from './errors.ts';
import { tableLinks } from './links.ts';
import { findByKeys } from './list-rows.ts';
import { readTableRule } from './merge-rule.ts';
import type { MergeRule } from './merge-rule.ts';
import { asObject, readRecordData } from './record-data.ts';
import type { RecordData } from './record-data.ts';
import { checkRows, failedRecord } from './row-check.ts';

export function mergeTableRecipients(context: Context, call: Call): Answer {
  const list = context.catalog.list(call.names['list'] ?? '');
  const table = context.catalog.table(list, call.names['table'] ?? '');
  const body = asObject(call.body, 'The request');
  const config = context.config();
  const rule = readTableRule(body, config.petMatchColumn);
  const data = readRecordData(body['recordData'], fieldsOf(list, table), config.unknownField);
  // A bad address finds no member here: the row fails for that, not for its form.
  const failures = checkRows(data, { keys: rule.keys, badEmail: 'unchecked' });
  const echoed = config.petAnswer === 'echo';
  const width = echoed ? data.columns.length : 1;

  const { records, inserted, failed } = context.storage.transaction(() => {
    const rows = openTableRows(context, list, table, data, rule);
    let refusals = 0;
    const merged = data.rows.map((row, index) => {
      const outcome = failures.get(index) ?? rows.merge(row);
      if (typeof outcome === 'number') return echoed ? row : [String(outcome)];
      refusals += 1;
      return failedRecord(index, outcome, width);
    });
    return { records: merged, inserted: rows.inserted(), failed: refusals };
  });
  table.count += inserted;
  const fieldNames = echoed ? data.columns.map((field) => field.name) : ['RIID_'];
  const keys =
    config.petMatchColumn === 'matchColumn'
      ? { matchColumn: body['matchColumn'] }
      : { matchColumnName1: body['matchColumnName1'], matchColumnName2: body['matchColumnName2'] ?? null };
  return {
    body: {
      recordData: { fieldNames, records, mapTemplateName: data.mapTemplateName },
      insertOnNoMatch: rule.insertOnNoMatch,
      updateOnMatch: body['updateOnMatch'],
      ...keys,
      links: tableLinks(list.name, table.name),
    },
    rows: records.length,
    failed,
  };
}

/** The columns that a table's row may give: the list's keys, and the table's own. */
function fieldsOf(list: ProfileList, table: ExtensionTable): (name: string) => Field | undefined {
  return (name) => {
    const upper = name.toUpperCase();
    if (isMatchColumn(upper)) return list.field(upper);
    if (tableSystemFields.some((field) => field.name === upper))
      throw new Refused('INVALID_PARAMETER', `The field ${upper} is read only`);
    return table.field(name);
  };
}

interface TableRows {
  /** The RIID of the row's member, or why the row fails. */
  merge(row: readonly string[]): number | string;
  inserted(): number;
}

function openTableRows(
  context: Context,
  list: ProfileList,
  table: ExtensionTable,
  data: RecordData,
  rule: MergeRule,
): TableRows {
  const { storage, newcomers } = context;
  const places = rule.keys.map((key) => data.columns.findIndex((field) => field.name === key));
  const own = data.columns.flatMap(({ name }, place) => (isMatchColumn(name) ? [] : [{ name, place }]));
  const now = new Date().toISOString();
  const findMember = findByKeys(context, list, rule.keys);
  const findRow = storage.prepare(`SELECT 1 FROM ${table.sql} WHERE "RIID_" = ?`);
  const set = ['"MODIFIED_DATE_" = ?', ...own.map(({ name }) => `"${name}" = ?`)].join(', ');
  const update = storage.prepare(`UPDATE ${table.sql} SET ${set} WHERE "RIID_" = ?`);
  const names = ['MODIFIED_DATE_', ...own.map(({ name }) => name), 'RIID_', 'CREATED_DATE_'];
  const insert = storage.prepare(
    `INSERT INTO ${table.sql} (${names.map((name) => `"${name}"`).join(', ')})
     VALUES (?${', ?'.repeat(names.length - 1)})`,
  );
  let insertedRows = 0;

  /** A member just inserted stays unknown for a while, where the configuration says so. */
  function isKnown(riid: number): boolean {
    if (newcomers.size === 0) return true;
    const knownFromMs = newcomers.get(riid);
    if (knownFromMs !== undefined && knownFromMs > Date.now()) return false;
    newcomers.delete(riid);
    return true;
  }

  return {
    merge(row) {
      const member = findMember.get(...places.map((place) => row[place] ?? ''));
      const riid = Number(member?.['riid']);
      if (member === undefined || !isKnown(riid))
        return `RECORD DOES NOT MATCH ANY CONTACTS IN THE LIST ${list.name}`;
      const cells = own.map(({ place }) => (row[place] === '' ? null : (row[place] ?? null)));
      if (findRow.get(riid) !== undefined) {
        if (rule.replace) update.run(now, ...cells, riid);
        return riid;
      }
      // These words are invented: no source shows them.
      if (!rule.insertOnNoMatch) return 'No match found for the record, and insertOnNoMatch is false';
      insert.run(now, ...cells, riid, now);
      insertedRows += 1;
      return riid;
    },
    inserted: () => insertedRows,
  };
}
