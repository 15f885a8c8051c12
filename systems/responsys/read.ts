/**
 * Reads records back, of profile lists and extension tables. Source: reference §2.5, §3.5: the path of the
 * merge with `?action=get`, at most 200 ids a call.
 */
import { z } from 'zod';
import type { IdentifierColumn } from '../../jobs/export-audience.ts';
import { maxRowsPerRequest } from '../../jobs/limits.ts';
import type { Connection } from './connection.ts';
import { ResponsysError } from './errors.ts';
import { formError } from './transport.ts';
import type { Request } from './transport.ts';

export interface ReadBack {
  /** The identifier that `ids` are of. */
  readonly by: IdentifierColumn;
  readonly ids: readonly string[];
  readonly columns: readonly string[];
}

/** A record: its cells by column, in upper case. A cell without a value is ''. */
export type ReadRecord = ReadonlyMap<string, string>;

const queryAttributes: Readonly<Record<IdentifierColumn, string>> = {
  RIID_: 'r',
  CUSTOMER_ID_: 'c',
  EMAIL_ADDRESS_: 'e',
  MOBILE_NUMBER_: 'm',
  EMAIL_MD5_HASH_: 'e_md5',
  EMAIL_SHA256_HASH_: 'e_sha256',
};

/** @returns the records that were found, in no order; several where an identifier is not unique */
export async function readRecords(
  connection: Connection,
  { list, table }: { readonly list: string; readonly table?: string },
  { by, ids, columns }: ReadBack,
  signal?: AbortSignal,
): Promise<readonly ReadRecord[]> {
  const listPath = `/rest/api/v1.3/lists/${encodeURIComponent(list)}`;
  const place =
    table === undefined
      ? ({
          api: 'Retrieve List Recipients',
          what: `read members of the list ${list}`,
          path: listPath,
        } as const)
      : ({
          api: 'Retrieve Profile Extension Recipients',
          what: `read rows of the table ${table}`,
          path: `${listPath}/listExtensions/${encodeURIComponent(table)}`,
        } as const);
  const request = (some: readonly string[]): Request => ({
    ...place,
    method: 'POST',
    path: `${place.path}/members?action=get`,
    rows: some.length,
    body: { fieldList: columns, ids: some, queryAttribute: queryAttributes[by] },
  });
  const found: ReadRecord[] = [];
  for (let from = 0; from < ids.length; from += maxRowsPerRequest)
    found.push(...(await read(connection, request(ids.slice(from, from + maxRowsPerRequest)), signal)));
  return found;
}

const answer = z.object({
  recordData: z.object({
    fieldNames: z.array(z.string()),
    records: z.array(z.array(z.union([z.string(), z.number(), z.boolean(), z.null()]))),
  }),
});

async function read(
  connection: Connection,
  request: Request,
  signal: AbortSignal | undefined,
): Promise<readonly ReadRecord[]> {
  let body: unknown;
  try {
    ({ body } = await connection.call(request, signal));
  } catch (error) {
    // None of them is there; with which status is not documented.
    if (error instanceof ResponsysError && error.errorCode === 'RECORD_NOT_FOUND') return [];
    throw error;
  }
  const parsed = answer.safeParse(body);
  if (!parsed.success)
    throw formError(`Responsys’ answer to "${request.what}" has not the form that is documented`);
  const { fieldNames, records } = parsed.data.recordData;
  return records.map(
    (cells) => new Map(fieldNames.map((name, at) => [name.toUpperCase(), String(cells[at] ?? '')])),
  );
}
