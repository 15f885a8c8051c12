/**
 * The `recordData` of a merge, read strictly: known columns, each once, and rectangular rows of strings.
 * What is wrong here refuses the whole request. Source: reference §2.1 ("rectangular; one inner array of
 * strings per recipient; field names case-insensitive") and §2.4.
 */
import type { Field } from './columns.ts';
import { Refused } from './errors.ts';
import type { RefusalCode } from './errors.ts';

/** Source: reference §2.1, every document and client. */
export const maxRecords = 200;

export interface RecordData {
  /** The field of each column, in the request's order. */
  readonly columns: readonly Field[];
  readonly rows: readonly (readonly string[])[];
  readonly mapTemplateName: string | null;
}

/** A JSON object of the request. @throws Refused INVALID_REQUEST_CONTENT */
export function asObject(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw new Refused('INVALID_REQUEST_CONTENT', `${what} must be an object`);
}

/**
 * Refuses what Responsys does not know. Stricter than the real service may be: it is not known whether it
 * ignores such keys, and a key that it ignores is a mistake of the caller.
 */
export function onlyKeys(
  object: Readonly<Record<string, unknown>>,
  what: string,
  known: readonly string[],
): void {
  const odd = Object.keys(object).find((key) => !known.includes(key));
  if (odd !== undefined)
    throw new Refused('INVALID_REQUEST_CONTENT', `Unrecognized field "${odd}" in ${what}`);
}

export function readRecordData(
  value: unknown,
  fieldNamed: (name: string) => Field | undefined,
  unknownField: RefusalCode,
): RecordData {
  const data = asObject(value, 'recordData');
  onlyKeys(data, 'recordData', ['fieldNames', 'records', 'mapTemplateName']);
  const { fieldNames, records, mapTemplateName = null } = data;
  if (mapTemplateName !== null && mapTemplateName !== '')
    throw new Refused('INVALID_PARAMETER', 'The Map Template is not found');
  if (!isStrings(fieldNames) || fieldNames.length === 0)
    throw new Refused('INVALID_PARAMETER', 'fieldNames must be an array of field names');
  const columns = fieldNames.map((name) => {
    const field = fieldNamed(name);
    if (field === undefined) throw new Refused(unknownField, `Invalid field name: ${name}`);
    return field;
  });
  if (new Set(columns).size < columns.length)
    throw new Refused('INVALID_PARAMETER', 'fieldNames names a field twice');
  if (!Array.isArray(records) || records.length === 0)
    throw new Refused('INVALID_PARAMETER', 'records must be an array of records');
  if (records.length > maxRecords)
    throw new Refused(
      'RECIPIENT_LIMIT_EXCEEDED',
      `A maximum of ${maxRecords} recipients are allowed per each api call`,
    );
  const rows = records.map((record: unknown, index) => {
    if (!isStrings(record))
      throw new Refused('INVALID_PARAMETER', `Record ${index} = must be an array of strings\r\n`);
    if (record.length !== columns.length)
      throw new Refused('INVALID_PARAMETER', `Record ${index} = does not have ${columns.length} values\r\n`);
    return record;
  });
  return { columns, rows, mapTemplateName };
}

export function isStrings(value: unknown): value is string[] {
  if (!Array.isArray(value)) return false;
  for (const item of value) if (typeof item !== 'string') return false;
  return true;
}
