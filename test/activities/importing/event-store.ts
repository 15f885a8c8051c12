/** For tests: a store with imports whose files are rows at hand, taken by the activities' own steps, without a server. */
import { randomBytes } from 'node:crypto';
import { importRows } from '../../../activities/importing/import-rows.ts';
import type { FileRecord } from '../../../activities/importing/import-rows.ts';
import { mapEvents, readMapping } from '../../../activities/importing/lql-mapping.ts';
import { openOccurrences } from '../../../activities/importing/occurrences.ts';
import { transaction } from '../../../systems/store/database.ts';
import type { Pool } from '../../../systems/store/database.ts';
import { beginAttempt, noteListing } from '../../../systems/store/event-files.ts';
import { openHashKeys } from '../../../systems/store/identities.ts';
import type { HashKeys } from '../../../systems/store/identities.ts';
import { keyFrom } from '../../../systems/store/secrets.ts';
import type { Key } from '../../../systems/store/secrets.ts';
import { openTestStore } from '../../harness/store.ts';

export interface EventStore {
  readonly store: Pool;
  readonly url: string;
  readonly key: Key;
  /** In base64, for a command's environment. */
  readonly keyText: string;
  readonly hashKeys: HashKeys;
  /** Adds an import, or gives it another mapping. */
  setImport(jobId: string, mapping?: string): Promise<void>;
  /** Imports a file of this name, such as `1_CLICK_20260131_190000.txt`. @returns its id */
  importFile(
    jobId: string,
    path: string,
    rows: readonly (readonly string[])[],
    meanwhile?: () => Promise<void>,
  ): Promise<number>;
  /** Imports a file that is there and to be read. @param meanwhile done when half of it is read */
  readFile(
    fileId: number,
    rows: readonly (readonly string[])[],
    meanwhile?: () => Promise<void>,
  ): Promise<void>;
  close(): Promise<void>;
}

/** @param columns of every file; one of them is EVENT_CAPTURED_DT, in milliseconds */
export async function openEventStore(columns: readonly string[]): Promise<EventStore> {
  const own = await openTestStore();
  const { store, url } = own;
  const keyText = randomBytes(32).toString('base64');
  const key = keyFrom(keyText);
  const hashKeys = await openHashKeys(store, key);

  const readFile: EventStore['readFile'] = async (fileId, rows, meanwhile) => {
    const { rows: files } = await store.query<{ configuration: object }>(
      'select configuration from jobs join event_files on job_id = jobs.id where event_files.id = $1',
      [fileId],
    );
    const reading = { customDelimiter: '|', timeZone: 'UTC', ...files[0]?.configuration };
    const attempt = await beginAttempt(store, fileId, reading);
    if (attempt === undefined) throw new Error('The file is not to be read.');
    const half = rows.length >> 1;
    const records = rows.map((values, index): FileRecord => ({ line: index + 2, values }));
    await importRows(
      {
        store,
        hashKeys,
        attempt,
        mapping: mapEvents(readMapping(attempt.reading.mapping), attempt.accountId, attempt.eventType),
        bounds: { chunkRows: 7, chunkBytes: 1_000_000, foldEvents: 18, foldBytes: 1 << 30 },
        readTime: (text) => (text === '' ? undefined : Number(text)),
        bytesRead: () => 0,
        occurrences: openOccurrences('/nothing is put aside'),
      },
      () => Promise.resolve(inTwo([{ columns }, ...records.slice(0, half)], records.slice(half), meanwhile)),
    );
  };
  return {
    store,
    url,
    key,
    keyText,
    hashKeys,
    setImport: async (jobId, mapping) => {
      await store.query(
        `insert into jobs (id, kind, label, authorization_id, configuration)
         values ($1, 'import-activity', $1, 'a', $2)
         on conflict (id) do update set configuration = excluded.configuration`,
        [jobId, mapping === undefined ? {} : { mapping }],
      );
    },
    importFile: async (jobId, path, rows, meanwhile) => {
      const [, accountId = '', eventType = '', stamp = ''] = /^(\d+)_([A-Z_]+)_(\d+_\d+)/.exec(path) ?? [];
      const seen = {
        ...{ path, sizeBytes: rows.length, modifiedAtMs: 0, accountId, eventType, stamp },
        ...{ isWhole: true, countFile: undefined },
      };
      await transaction(store, (database) => noteListing(database, jobId, [seen]));
      const { rows: files } = await store.query<{ id: number }>(
        'select id from event_files where job_id = $1 and path = $2 order by id desc limit 1',
        [jobId, path],
      );
      const id = files[0]?.id ?? 0;
      await readFile(id, rows, meanwhile);
      return id;
    },
    readFile,
    close: () => own.close(),
  };
}

async function* inTwo<Item>(
  first: readonly Item[],
  second: readonly Item[],
  meanwhile: () => Promise<void> = () => Promise.resolve(),
): AsyncGenerator<readonly Item[]> {
  yield first;
  await meanwhile();
  yield second;
}
