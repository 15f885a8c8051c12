/**
 * What a read or delete of records asks for: which column, which ids, which fields; given in the path's query
 * or in a body. Source: reference §2.5.
 */
import { queryAttributes } from './columns.ts';
import type { MatchColumn } from './columns.ts';
import { Refused } from './errors.ts';
import { asObject, isStrings, maxRecords, onlyKeys } from './record-data.ts';

export interface RecordQuery {
  readonly column: MatchColumn;
  readonly ids: readonly string[];
  /** As given; `undefined` for all. */
  readonly fields: readonly string[] | undefined;
}

/** From `?qa=e&fs=RIID_,EMAIL_ADDRESS_&id=…`. */
export function queryOfParameters(query: URLSearchParams, needsFields: boolean): RecordQuery {
  const id = query.get('id') ?? '';
  if (id === '') throw new Refused('INVALID_PARAMETER', 'The query parameter id is missing');
  const fs = query.get('fs') ?? '';
  if (needsFields && fs === '') throw new Refused('INVALID_PARAMETER', 'The query parameter fs is missing');
  return { column: columnOf(query.get('qa')), ids: [id], fields: fieldList(fs.split(',')) };
}

/** From the body of `?action=get` or `?action=delete`. */
export function queryOfBody(value: unknown, needsFields: boolean): RecordQuery {
  const body = asObject(value, 'The request');
  onlyKeys(body, 'the request', ['queryAttribute', 'ids', ...(needsFields ? ['fieldList'] : [])]);
  const { queryAttribute, ids, fieldList: fields } = body;
  if (!isStrings(ids) || ids.length === 0)
    throw new Refused('INVALID_PARAMETER', 'ids must be an array of texts');
  if (ids.length > maxRecords)
    throw new Refused(
      'RECIPIENT_LIMIT_EXCEEDED',
      `A maximum of ${maxRecords} recipients are allowed per each api call`,
    );
  if (!needsFields) return { column: columnOf(queryAttribute), ids, fields: undefined };
  if (!isStrings(fields) || fields.length === 0)
    throw new Refused('INVALID_PARAMETER', 'fieldList must be an array of field names, or ["all"]');
  return { column: columnOf(queryAttribute), ids, fields: fieldList(fields) };
}

/** The fields of a read by RIID: `?fs=`. */
export function fieldsOfParameters(query: URLSearchParams): readonly string[] | undefined {
  const fs = query.get('fs') ?? '';
  if (fs === '') throw new Refused('INVALID_PARAMETER', 'The query parameter fs is missing');
  return fieldList(fs.split(','));
}

function fieldList(names: readonly string[]): readonly string[] | undefined {
  return names.length === 1 && names[0]?.toLowerCase() === 'all' ? undefined : names;
}

function columnOf(attribute: unknown): MatchColumn {
  const known = Object.keys(queryAttributes);
  const column = typeof attribute === 'string' ? queryAttributes[attribute] : undefined;
  if (column === undefined || !known.includes(String(attribute)))
    throw new Refused('INVALID_PARAMETER', `The query attribute must be one of ${known.join(', ')}`);
  return column;
}
