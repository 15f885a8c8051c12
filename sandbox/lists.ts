/**
 * The definitions of lists, extension tables and folders: reading them, and making tables and folders.
 * Source: reference §3.1 to §3.3.
 */
import { tableSystemFields } from './columns.ts';
import type { Field, FieldType } from './columns.ts';
import type { ExtensionTable, ProfileList } from './catalog.ts';
import type { Answer, Call, Context } from './context.ts';
import { Refused } from './errors.ts';
import { listLinks, tableLinks } from './links.ts';
import { fieldNameFault, tableNameFault } from './names.ts';
import { asObject, onlyKeys } from './record-data.ts';

/** The types of a table's own columns. Source: reference §3.3. */
const tableTypes: readonly unknown[] = ['STR500', 'STR4000', 'INTEGER', 'NUMBER', 'TIMESTAMP'];

/** Columns that one table may have: what Oracle's database allows; Responsys' own limit is not known. */
const maxTableFields = 1000;

const described = (fields: readonly Field[]) =>
  fields.map(({ name, type }) => ({ fieldName: name, fieldType: type }));

/** A bare array, as Oracle's guide and clients show it. */
export function retrieveLists(context: Context): Answer {
  const lists = [...context.catalog.lists.values()];
  return { body: lists.map((list) => ({ ...describeList(list), links: listLinks(list.name) })) };
}

export function retrieveListFields(context: Context, call: Call): Answer {
  return { body: describeList(context.catalog.list(call.names['list'] ?? '')) };
}

function describeList({ name, folder, fields }: ProfileList): object {
  return { name, folderName: folder, fields: described(fields) };
}

export function retrieveTables(context: Context, call: Call): Answer {
  const list = context.catalog.list(call.names['list'] ?? '');
  return { body: [...list.tables.values()].map((table) => describeTable(list, table)) };
}

function describeTable(list: ProfileList, { name, folder, fields }: ExtensionTable): object {
  return {
    profileExtension: { objectName: name, folderName: folder },
    fields: described([...tableSystemFields, ...fields]),
    links: tableLinks(list.name, name),
  };
}

/** Answers `true`, as the guide and recorded traffic do. */
export function createTable(context: Context, call: Call): Answer {
  const { catalog, storage } = context;
  const list = catalog.list(call.names['list'] ?? '');
  const body = asObject(call.body, 'The request');
  onlyKeys(body, 'the request', ['profileExtension', 'fields', 'links']);
  const extension = asObject(body['profileExtension'], 'profileExtension');
  onlyKeys(extension, 'profileExtension', ['objectName', 'folderName']);
  const { objectName: name, folderName: folder } = extension;
  if (typeof name !== 'string' || typeof folder !== 'string')
    throw new Refused('INVALID_PARAMETER', 'objectName and folderName must be given');
  const fault = tableNameFault(name);
  if (fault !== undefined) throw new Refused('INVALID_PARAMETER', `The object name "${name}" ${fault}`);
  const fields = readFields(body['fields']);
  if (!catalog.hasFolder(folder)) throw new Refused('FOLDER_NOT_FOUND', `${folder} Folder Not Found`);
  if (isTaken(context, list, name, folder))
    throw new Refused('OBJECT_ALREADY_EXISTS', `The object ${name} already exists`);
  storage.transaction(() => catalog.addTable(list, { name, folder, fields }));
  return { body: true };
}

/** A name is one object's in its folder, and one table's at its list, in any case. */
function isTaken(context: Context, own: ProfileList, name: string, folder: string): boolean {
  const same = (other: string) => other.toLowerCase() === name.toLowerCase();
  return [...context.catalog.lists.values()].some(
    (list) =>
      (list.folder === folder && same(list.name)) ||
      [...list.tables.values()].some(
        (table) => (list === own || table.folder === folder) && same(table.name),
      ),
  );
}

function readFields(value: unknown): readonly Field[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > maxTableFields)
    throw new Refused('INVALID_PARAMETER', `fields must have 1 to ${maxTableFields} fields`);
  const fields = value.map((item: unknown): Field => {
    const field = asObject(item, 'A field');
    onlyKeys(field, 'a field', ['fieldName', 'fieldType']);
    const { fieldName: name, fieldType: type } = field;
    if (typeof name !== 'string') throw new Refused('INVALID_FIELD_NAME', 'fieldName must be text');
    const fault = fieldNameFault(name);
    if (fault !== undefined) throw new Refused('INVALID_FIELD_NAME', `The field name "${name}" ${fault}`);
    if (!tableTypes.includes(type))
      throw new Refused(
        'INVALID_PARAMETER',
        "Some Field Types are invalid. Allowed Field Types are 'STR500', 'STR4000', 'INTEGER', 'NUMBER' and 'TIMESTAMP'.",
      );
    return { name, type: type as FieldType };
  });
  const names = fields.map(({ name }) => name.toUpperCase());
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Refused('INVALID_PARAMETER', `The field ${twice} is given twice`);
  return fields;
}
