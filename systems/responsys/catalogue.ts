/**
 * What an account has: its lists, their extension tables, its limits, its name. Answers are read in each
 * form that is documented: bare arrays and `{items: […]}`.
 */
import { z } from 'zod';
import type { Connection } from './connection.ts';
import { formError } from './transport.ts';
import type { Request } from './transport.ts';

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
  /** '' where the answer has none. */
  readonly resourcePath: string;
  readonly verb: string;
}

/** Absent and null alike. */
export const text = z
  .string()
  .nullish()
  .transform((value) => value ?? '');

const fields = z
  .array(z.object({ fieldName: z.string(), fieldType: text }))
  .nullish()
  .transform((all) => (all ?? []).map(({ fieldName, fieldType }) => ({ name: fieldName, type: fieldType })));

const arrayOf = <Item extends z.ZodType>(item: Item) =>
  z.union([z.array(item), z.object({ items: z.array(item) }).transform(({ items }) => items)]);

const list = z.object({ name: z.string(), folderName: text, fields });

const table = z
  .object({
    profileExtension: z.object({ objectName: z.string(), folderName: text }).nullish(),
    objectName: text,
    folderName: text,
    fields,
  })
  .transform(({ profileExtension, objectName, folderName, fields }) => ({
    name: profileExtension?.objectName ?? objectName,
    folderName: profileExtension?.folderName ?? folderName,
    fields,
  }));

const limit = z
  .object({ api: z.string(), limit: z.coerce.number(), resource_path: text, verb: text })
  .transform(({ api, limit, resource_path: resourcePath, verb }) => ({ api, limit, resourcePath, verb }));

const user = z.object({ accountName: text, userName: text });

export async function readAnswer<Schema extends z.ZodType>(
  connection: Connection,
  request: Request,
  schema: Schema,
  signal: AbortSignal | undefined,
): Promise<z.infer<Schema>> {
  const { body } = await connection.call(request, signal);
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw formError(`Responsys’ answer to "${request.what}" has not the form that is documented`);
}

const listPath = (list: string): string => `/rest/api/v1.3/lists/${encodeURIComponent(list)}`;

export const readLists = (connection: Connection, signal?: AbortSignal): Promise<readonly ProfileList[]> =>
  readAnswer(
    connection,
    { api: 'Retrieve Profile Lists', what: 'read the lists', method: 'GET', path: '/rest/api/v1.3/lists' },
    arrayOf(list),
    signal,
  );

export const readListFields = async (
  connection: Connection,
  name: string,
  signal?: AbortSignal,
): Promise<readonly Column[]> => {
  const found = await readAnswer(
    connection,
    {
      api: 'Retrieve Profile List Fields',
      what: `read the fields of ${name}`,
      method: 'GET',
      path: `${listPath(name)}/fields`,
    },
    z.object({ fields }),
    signal,
  );
  return found.fields;
};

export const readTables = async (
  connection: Connection,
  list: string,
  signal?: AbortSignal,
): Promise<readonly ExtensionTable[]> => {
  const found = await readAnswer(
    connection,
    {
      api: 'Retrieve Profile Extension Tables',
      what: `read the extension tables of ${list}`,
      method: 'GET',
      path: `${listPath(list)}/listExtensions`,
    },
    arrayOf(table),
    signal,
  );
  return found.filter(({ name }) => name !== '');
};

/** The answer is the literal `true`, or the table echoed: either way nothing that has to be read. */
export async function createTable(
  connection: Connection,
  list: string,
  table: { readonly name: string; readonly folder: string; readonly fields: readonly Column[] },
  signal?: AbortSignal,
): Promise<void> {
  const { body } = await connection.call(
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
  // A page of a gateway comes with 200, too: the table may be there then, or not.
  if (body !== true && (typeof body !== 'object' || body === null))
    throw formError(`Responsys did not say that it made the table ${table.name}`);
}

/** Source: Oracle's throttling page: this path has no version. */
export const readRateLimits = (connection: Connection, signal?: AbortSignal): Promise<readonly RateLimit[]> =>
  readAnswer(
    connection,
    { api: 'Retrieve Rate Limits', what: 'read the limits', method: 'GET', path: '/rest/api/ratelimit' },
    arrayOf(limit),
    signal,
  );

export const readUser = (
  connection: Connection,
  signal?: AbortSignal,
): Promise<{ readonly accountName: string; readonly userName: string }> =>
  readAnswer(
    connection,
    { api: 'Retrieve User Info', what: 'read the user', method: 'GET', path: '/rest/api/v1.3/user/info' },
    user,
    signal,
  );
