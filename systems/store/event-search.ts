/**
 * Events of the stream by texts in their rows. The stream has no index of people, whose events come too fast
 * for one: a search reads all of it, by a cursor, so that memory stays flat whatever is found.
 */
import type { Database, Pool } from './database.ts';
import { transaction } from './database.ts';

export interface FoundEvent {
  readonly jobId: string;
  readonly fileId: number;
  readonly file: string;
  readonly line: number;
  readonly accountId: string;
  readonly event: string;
  readonly at: Date;
  readonly columns: readonly string[];
  readonly values: readonly string[];
}

type Row = Omit<FoundEvent, 'columns' | 'values'> & { readonly columns: string | null; readonly row: string };

const eventsAtOnce = 5_000;

/** What is searched for: texts within rows, whatever the letter case; or whole cells, in these files alone. */
export type EventSearch =
  | { readonly texts: readonly string[] }
  | { readonly cells: readonly string[]; readonly files: readonly number[] };

/** @param take told of each page */
export async function searchEvents(
  pool: Pool,
  search: EventSearch,
  take: (database: Database, events: readonly FoundEvent[]) => Promise<void>,
): Promise<void> {
  const [condition, values] = conditionOf(search);
  await transaction(pool, async (database) => {
    await database.query(
      `declare found no scroll cursor for
       select job_id as "jobId", file_id as "fileId", path as file, line, responsys_events.account_id as "accountId",
              event, at, row,
              (select columns from event_columns where file_id = event_files.id and from_line <= line
                order by from_line desc limit 1) as columns
         from responsys_events join event_files on event_files.id = file_id
        where ${condition}`,
      values,
    );
    for (;;) {
      const { rows } = await database.query<Row>(`fetch ${eventsAtOnce} from found`);
      if (rows.length === 0) return;
      await take(
        database,
        rows.map(({ columns, row, ...event }) => ({
          ...event,
          columns: JSON.parse(columns ?? '[]') as string[],
          values: JSON.parse(row) as string[],
        })),
      );
    }
  });
}

function conditionOf(search: EventSearch): readonly [condition: string, values: unknown[]] {
  if ('texts' in search) {
    const patterns = search.texts.map((text) => `%${text.replace(/[\\%_]/g, String.raw`\$&`)}%`);
    return ['row ilike any($1::text[])', [patterns]];
  }
  // One expression for all of them: each row is gone through once, however many they are.
  const texts = search.cells.map((cell) => JSON.stringify(cell).slice(1, -1));
  const anyOf = texts.map((text) => text.replace(/[^\p{L}\p{N}]/gu, String.raw`\$&`)).join('|');
  return ['file_id = any($1::bigint[]) and row ~ $2', [search.files, `"\\s*(?:${anyOf})\\s*"`]];
}
