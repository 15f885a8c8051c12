/**
 * What is planned alike for every job that writes user fields to an extension table: which column takes which
 * field, whether the table has to be made, and what is wrong with it. Pure.
 */
import { sameName } from '../jobs/column-name.ts';
import type { FieldColumn, NewTable, Table } from '../jobs/export-plan.ts';
import { columnTypeOf, fitsColumn } from '../jobs/user-fields.ts';
import type { Kind } from '../jobs/user-fields.ts';
import type { ExtensionTable, ProfileList } from '../systems/responsys/index.ts';

export interface Planned<Column> {
  readonly table: Table<Column>;
  readonly make?: NewTable;
}

/** What is planned, and where its faults go, each as "field: what". */
export interface FieldsAsk {
  readonly additionalFields: readonly string[];
  readonly table: string;
  /** The extension tables of the list. */
  readonly tables: readonly ExtensionTable[];
  /** Of a table that has to be made. */
  readonly folder: string;
  readonly userFields: ReadonlyMap<string, Kind>;
  readonly faults: string[];
}

/** @returns undefined where no field is asked for */
export function planFields({
  additionalFields,
  table: name,
  tables,
  folder,
  userFields,
  faults,
}: FieldsAsk): Planned<FieldColumn> | undefined {
  if (additionalFields.length === 0) return undefined;
  const existing = tables.find((table) => sameName(table.name, name));
  const columns = additionalFields.flatMap((field): FieldColumn[] => {
    const kind = userFields.get(field);
    if (kind === undefined) {
      faults.push(`additionalFields: ${unknownField(field, userFields)}`);
      return [];
    }
    const column = existing?.fields.find((one) => sameName(one.name, field));
    if (column !== undefined && !fitsColumn(kind, column.type))
      faults.push(
        `fieldsTable: ${name}.${column.name} is ${column.type}, which cannot take ${field} (${kind}); ` +
          `${columnTypeOf(kind)} can`,
      );
    return [{ field, kind, column: column?.name ?? field, type: column?.type ?? columnTypeOf(kind) }];
  });
  if (existing === undefined) {
    const fields = columns.map(({ column, kind }) => ({ name: column, type: columnTypeOf(kind) }));
    return { table: { name, columns }, make: { name, folder, fields } };
  }
  const missing = columns.filter(({ column }) => !existing.fields.some((one) => sameName(one.name, column)));
  if (missing.length > 0) faults.push(missingColumns('fieldsTable', name, missing));
  return { table: { name: existing.name, columns } };
}

export function unknownField(field: string, userFields: ReadonlyMap<string, Kind>): string {
  const known = [...userFields.keys()].slice(0, 20).join(', ');
  return `there is no user field "${field}"; there are ${known === '' ? 'none' : known}`;
}

export function missingColumns(
  field: string,
  table: string,
  missing: readonly { readonly column: string; readonly type: string }[],
): string {
  const named = missing.map(({ column, type }) => `${column} (${type})`).join(', ');
  return (
    `${field}: the table ${table} lacks ${named}; REST cannot add columns: add them in Responsys ` +
    `(Data > Extension Tables), or name another ${field} and it will be made`
  );
}

/** Columns that the list has, too. */
export const alsoInList = (
  fields: Planned<FieldColumn> | undefined,
  list: ProfileList | undefined,
): readonly string[] =>
  (fields?.table.columns ?? [])
    .filter(({ column }) => list?.fields.some((one) => sameName(one.name, column)) === true)
    .map(
      ({ column }) => `${column} is a column of the list ${list?.name ?? ''} too: campaigns may read either.`,
    );
