/**
 * Registers the search attributes and checks that they are there: a workflow that sets one that is not
 * would try again for ever.
 */
import type { Connection } from '@temporalio/client';
import { searchAttributes } from '../jobs/search-attributes.ts';
import { ExpectedError } from '../jobs/errors.ts';

/** Temporal's numbers for the types. Source: its API, enums/v1/common.proto, IndexedValueType. */
const typeNumbers = {
  TEXT: 1,
  KEYWORD: 2,
  INT: 3,
  DOUBLE: 4,
  BOOL: 5,
  DATETIME: 6,
  KEYWORD_LIST: 7,
} as const;

/** @throws ExpectedError NOT_RUNNING when one is missing and cannot be registered from here */
export async function registerSearchAttributes(connection: Connection, namespace: string): Promise<void> {
  const missing = await missingAttributes(connection, namespace);
  if (missing.length === 0) return;
  // Another worker may have been faster, and Temporal Cloud takes them in its own console only: whether they
  // are there in the end is what counts.
  await addSearchAttributes(connection, namespace, missing).catch(() => undefined);
  const still = await missingAttributes(connection, namespace);
  if (still.length > 0)
    throw new ExpectedError(
      'NOT_RUNNING',
      `Temporal’s namespace "${namespace}" lacks the search attributes ${still
        .map((key) => `${key.name} (${key.type})`)
        .join(', ')}, and they could not be registered from here: add them with the namespace’s own tools.`,
    );
}

/** Registers these, without a look at which are there already. */
export async function addSearchAttributes(
  connection: Connection,
  namespace: string,
  keys: readonly (typeof searchAttributes)[number][],
): Promise<void> {
  await connection.operatorService.addSearchAttributes({
    namespace,
    searchAttributes: Object.fromEntries(keys.map((key) => [key.name, typeNumbers[key.type]])),
  });
}

async function missingAttributes(
  connection: Connection,
  namespace: string,
): Promise<readonly (typeof searchAttributes)[number][]> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  return searchAttributes.filter((key) => !(key.name in customAttributes));
}
