/**
 * Reading, counting and deleting the members of a profile list. Source: reference §2.5; what a deletion
 * answers per record is invented after the merge's answer.
 */
import type { ProfileList } from './catalog.ts';
import type { Field, MatchColumn } from './columns.ts';
import type { Answer, Call, Context } from './context.ts';
import { Refused } from './errors.ts';
import { listLinks } from './links.ts';
import { echoRule } from './merge-rule.ts';
import { fieldsOfParameters, queryOfBody, queryOfParameters } from './record-query.ts';
import { fieldEquals, readsField } from './sql-columns.ts';

/** Most records that one deletion by attribute removes. Source: Oracle's API description. */
const maxDeleted = 10;

const listOf = (context: Context, call: Call) => context.catalog.list(call.names['list'] ?? '');
const riidOf = (call: Call) => call.names['riid'] ?? '';

export function retrieveMembers(context: Context, call: Call): Answer {
  const { column, ids, fields } = queryOfBody(call.body, true);
  return read(context, listOf(context, call), column, ids, fields);
}

export function retrieveMember(context: Context, call: Call): Answer {
  const { column, ids, fields } = queryOfParameters(call.query, true);
  return read(context, listOf(context, call), column, ids, fields);
}

export function retrieveMemberByRiid(context: Context, call: Call): Answer {
  return read(context, listOf(context, call), 'RIID_', [riidOf(call)], fieldsOfParameters(call.query));
}

export function countMembers(context: Context, call: Call): Answer {
  const list = listOf(context, call);
  const links = listLinks(list.name);
  if (!call.query.has('qa')) return { body: { count: list.count, links } };
  const { column, ids } = queryOfParameters(call.query, false);
  return { body: { count: riidsOf(context, list, column, ids[0] ?? '').length, links } };
}

export function deleteMembers(context: Context, call: Call): Answer {
  const list = listOf(context, call);
  const { column, ids } = queryOfBody(call.body, false);
  const records = ids.map((id, index) => {
    const riids = riidsOf(context, list, column, id);
    for (const riid of riids) remove(context, list, riid);
    return riids.length === 0 ? [`DELETEFAILED: Record ${index} = RECORD NOT FOUND\r\n`] : [String(riids[0])];
  });
  return { body: deleted(list, records), rows: ids.length };
}

export function deleteMember(context: Context, call: Call): Answer {
  const list = listOf(context, call);
  const { column, ids } = queryOfParameters(call.query, false);
  const riids = riidsOf(context, list, column, ids[0] ?? '');
  if (riids.length === 0) throw new Refused('RECORD_NOT_FOUND', 'Record Not Found');
  const gone = riids.slice(0, maxDeleted);
  for (const riid of gone) remove(context, list, riid);
  const { recordData, links } = deleted(
    list,
    gone.map((riid) => [String(riid)]),
  );
  const remaining = riids.length - gone.length;
  return {
    body: {
      recordData,
      totalMatchedRecords: riids.length,
      remainingRecordCount: remaining,
      hasMoreRecords: remaining > 0,
      links,
    },
  };
}

export function deleteMemberByRiid(context: Context, call: Call): Answer {
  const list = listOf(context, call);
  const riids = riidsOf(context, list, 'RIID_', riidOf(call));
  if (riids.length === 0) throw new Refused('RECORD_NOT_FOUND', 'Record Not Found');
  for (const riid of riids) remove(context, list, riid);
  return {
    body: deleted(
      list,
      riids.map((riid) => [String(riid)]),
    ),
  };
}

/** The RIIDs of the members with this value, oldest first. */
export function riidsOf(
  context: Context,
  list: ProfileList,
  column: MatchColumn,
  id: string,
): readonly number[] {
  return context.storage
    .prepare(`SELECT "RIID_" AS riid FROM ${list.sql} WHERE ${fieldEquals(column)} ORDER BY "RIID_"`)
    .all(id)
    .map((row) => Number(row['riid']));
}

function remove(context: Context, list: ProfileList, riid: number): void {
  context.storage.prepare(`DELETE FROM ${list.sql} WHERE "RIID_" = ?`).run(riid);
  list.count -= 1;
  for (const table of list.tables.values()) {
    const { changes } = context.storage.prepare(`DELETE FROM ${table.sql} WHERE "RIID_" = ?`).run(riid);
    table.count -= Number(changes);
  }
}

function read(
  context: Context,
  list: ProfileList,
  column: MatchColumn,
  ids: readonly string[],
  names: readonly string[] | undefined,
): Answer {
  const fields = selectFields(list.fields, list.field, names, context);
  const select = context.storage.prepare(
    `SELECT ${fields.map(({ name }) => `${readsField(name)} AS "${name}"`).join(', ')} FROM ${list.sql} WHERE ${fieldEquals(column)} ORDER BY "RIID_"`,
  );
  const records = ids.flatMap((id) =>
    select.all(id).map((row) => fields.map(({ name }) => textOf(row[name]))),
  );
  if (records.length === 0) throw new Refused('RECORD_NOT_FOUND', 'Record Not Found');
  const recordData = { fieldNames: fields.map(({ name }) => name), records, mapTemplateName: null };
  const mergeRule = echoRule({ insertOnNoMatch: false });
  return { body: { recordData, mergeRule, links: listLinks(list.name) }, rows: ids.length };
}

/** The named fields, or all. @throws Refused for an unknown one */
export function selectFields(
  all: readonly Field[],
  fieldNamed: (name: string) => Field | undefined,
  names: readonly string[] | undefined,
  context: Context,
): readonly Field[] {
  if (names === undefined) return all;
  return names.map((name) => {
    const field = fieldNamed(name.trim());
    if (field === undefined) throw new Refused(context.config().unknownField, `Invalid field name: ${name}`);
    return field;
  });
}

/** A stored cell as Responsys answers it. */
export function textOf(cell: unknown): string {
  return typeof cell === 'string' || typeof cell === 'number' ? String(cell) : '';
}

function deleted(list: ProfileList, records: readonly (readonly string[])[]) {
  return {
    recordData: { fieldNames: ['RIID_'], records, mapTemplateName: null },
    mergeRule: echoRule({ insertOnNoMatch: false }),
    links: listLinks(list.name),
  };
}
