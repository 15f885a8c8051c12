/**
 * Reading and deleting the rows of a profile extension table: found through their members in the list.
 * Source: reference §3.5. Reads by date (`qa=d`) are not part of the sandbox.
 */
import type { ExtensionTable, ProfileList } from './catalog.ts';
import { tableSystemFields } from './columns.ts';
import type { Field } from './columns.ts';
import type { Answer, Call, Context } from './context.ts';
import { Refused } from './errors.ts';
import { tableLinks } from './links.ts';
import { riidsOf, selectFields, textOf } from './list-members.ts';
import { fieldsOfParameters, queryOfBody, queryOfParameters } from './record-query.ts';

interface Place {
  readonly list: ProfileList;
  readonly table: ExtensionTable;
}

function placeOf(context: Context, call: Call): Place {
  const list = context.catalog.list(call.names['list'] ?? '');
  return { list, table: context.catalog.table(list, call.names['table'] ?? '') };
}

export function retrieveRows(context: Context, call: Call): Answer {
  const place = placeOf(context, call);
  const { column, ids, fields } = queryOfBody(call.body, true);
  const riids = ids.flatMap((id) => riidsOf(context, place.list, column, id));
  return read(context, place, riids, fields);
}

export function retrieveRow(context: Context, call: Call): Answer {
  const place = placeOf(context, call);
  const { column, ids, fields } = queryOfParameters(call.query, true);
  return read(context, place, riidsOf(context, place.list, column, ids[0] ?? ''), fields);
}

export function retrieveRowByRiid(context: Context, call: Call): Answer {
  const place = placeOf(context, call);
  return read(context, place, [Number(call.names['riid'])], fieldsOfParameters(call.query));
}

export function deleteRows(context: Context, call: Call): Answer {
  const place = placeOf(context, call);
  const { column, ids } = queryOfBody(call.body, false);
  const records = ids.map((id, index) => {
    const gone = riidsOf(context, place.list, column, id).filter((riid) => remove(context, place, riid));
    return gone.length === 0 ? [`DELETEFAILED: Record ${index} = RECORD NOT FOUND\r\n`] : [String(gone[0])];
  });
  return { body: answer(place, ['RIID_'], records), rows: ids.length };
}

export function deleteRowByRiid(context: Context, call: Call): Answer {
  const place = placeOf(context, call);
  const riid = Number(call.names['riid']);
  if (!remove(context, place, riid)) throw new Refused('RECORD_NOT_FOUND', 'Record Not Found');
  return { body: answer(place, ['RIID_'], [[String(riid)]]) };
}

function remove(context: Context, { table }: Place, riid: number): boolean {
  const { changes } = context.storage.prepare(`DELETE FROM ${table.sql} WHERE "RIID_" = ?`).run(riid);
  table.count -= Number(changes);
  return Number(changes) > 0;
}

/** The columns of a table that are never filled here: nothing loads it in bulk. */
const isStored = ({ name }: Field) => !/^(CREATED_BY|LAST_).*_$/.test(name);

function read(
  context: Context,
  place: Place,
  riids: readonly number[],
  names: readonly string[] | undefined,
): Answer {
  const all = [...tableSystemFields, ...place.table.fields];
  const fieldNamed = (name: string) => all.find((field) => field.name.toUpperCase() === name.toUpperCase());
  const fields = selectFields(all, fieldNamed, names, context);
  const select = context.storage.prepare(`SELECT * FROM ${place.table.sql} WHERE "RIID_" = ?`);
  const records = riids.flatMap((riid) =>
    select.all(riid).map((row) => fields.map((field) => (isStored(field) ? textOf(row[field.name]) : ''))),
  );
  if (records.length === 0) throw new Refused('RECORD_NOT_FOUND', 'Record Not Found');
  return {
    body: answer(
      place,
      fields.map(({ name }) => name),
      records,
    ),
    rows: riids.length,
  };
}

function answer(
  { list, table }: Place,
  fieldNames: readonly string[],
  records: readonly (readonly string[])[],
) {
  return {
    recordData: { fieldNames, records, mapTemplateName: null },
    insertOnNoMatch: false,
    updateOnMatch: null,
    matchColumnName1: null,
    matchColumnName2: null,
    links: tableLinks(list.name, table.name),
  };
}
