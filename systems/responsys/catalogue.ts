/**
 * What an account has: its lists, their extension tables, its limits, its name. Answers are read in each
 * form that is documented: bare arrays and `{items: […]}`.
 */
import { z } from 'zod';
import type { Connection, Request } from './connection.ts';
import { ResponsysError } from './errors.ts';

export interface Column {
  readonly name: string;
  readonly type: string;
}

export interface ProfileList {
  readonly name: string;
  readonly folderName: string;
  readonly fields: readonly Column[];
}

export interface ExtensionTable {
  readonly name: string;
  readonly folderName: string;
  readonly fields: readonly Column[];
}

export interface RateLimit {
  /** The function's name in the account. */
  readonly api: string;
  /** Calls a minute, of the whole account. */
  readonly limit: number;
}

const fields = z
  .array(z.object({ fieldName: z.string(), fieldType: z.string().default('') }))
  .default([])
  .transform((all) => all.map(({ fieldName, fieldType }) => ({ name: fieldName, type: fieldType })));

const arrayOf = <Item extends z.ZodType>(item: Item) =>
  z.union([z.array(item), z.object({ items: z.array(item) }).transform(({ items }) => items)]);

const lists = arrayOf(z.object({ name: z.string(), folderName: z.string().default(''), fields }));

const tables = arrayOf(
  z
    .object({
      profileExtension: z.object({ objectName: z.string(), folderName: z.string().default('') }).optional(),
      objectName: z.string().optional(),
      fields,
    })
    .transform(({ profileExtension, objectName, fields }) => ({
      name: profileExtension?.objectName ?? objectName ?? '',
      folderName: profileExtension?.folderName ?? '',
      fields,
    })),
);

const limits = arrayOf(z.object({ api: z.string(), limit: z.coerce.number() }));

const user = z.object({ accountName: z.string().default(''), userName: z.string().default('') });

async function read<Schema extends z.ZodType>(
  connection: Connection,
  request: Request,
  schema: Schema,
  signal: AbortSignal | undefined,
): Promise<z.infer<Schema>> {
  const { body } = await connection.call(request, signal);
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new ResponsysError(
    'service',
    `Responsys’ answer to "${request.what}" has not the form that is documented`,
  );
}

const listPath = (list: string): string => `/rest/api/v1.3/lists/${encodeURIComponent(list)}`;

export const readLists = (connection: Connection, signal?: AbortSignal): Promise<readonly ProfileList[]> =>
  read(
    connection,
    { api: 'Retrieve Profile Lists', what: 'read the lists', method: 'GET', path: '/rest/api/v1.3/lists' },
    lists,
    signal,
  );

export const readTables = async (
  connection: Connection,
  list: string,
  signal?: AbortSignal,
): Promise<readonly ExtensionTable[]> => {
  const found = await read(
    connection,
    {
      api: 'Retrieve Profile Extension Tables',
      what: `read the extension tables of ${list}`,
      method: 'GET',
      path: `${listPath(list)}/listExtensions`,
    },
    tables,
    signal,
  );
  return found.filter((table) => table.name !== '');
};

/** The answer is the literal `true`, or the table echoed: either way nothing that has to be read. */
export async function createTable(
  connection: Connection,
  list: string,
  table: { readonly name: string; readonly folder: string; readonly fields: readonly Column[] },
  signal?: AbortSignal,
): Promise<void> {
  await connection.call(
    {
      api: 'Create Profile Extension Table',
      what: `create the table ${table.name}`,
      method: 'POST',
      path: `${listPath(list)}/listExtensions`,
      body: {
        profileExtension: { objectName: table.name, folderName: table.folder },
        fields: table.fields.map(({ name, type }) => ({ fieldName: name, fieldType: type })),
      },
    },
    signal,
  );
}

/** Source: Oracle's throttling page: this path has no version. */
export const readRateLimits = (connection: Connection, signal?: AbortSignal): Promise<readonly RateLimit[]> =>
  read(
    connection,
    { api: 'Retrieve Rate Limits', what: 'read the limits', method: 'GET', path: '/rest/api/ratelimit' },
    limits,
    signal,
  );

export const readUser = (
  connection: Connection,
  signal?: AbortSignal,
): Promise<{ readonly accountName: string; readonly userName: string }> =>
  read(
    connection,
    { api: 'Retrieve User Info', what: 'read the user', method: 'GET', path: '/rest/api/v1.3/user/info' },
    user,
    signal,
  );
