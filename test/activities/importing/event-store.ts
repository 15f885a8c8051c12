/** For tests: a store with imports whose files are rows at hand, taken by the activities' own steps, without a server. */
import { randomBytes } from 'node:crypto';
import { importRows } from '../../../activities/importing/import-rows.ts';
import type { FileRecord } from '../../../activities/importing/import-rows.ts';
import { mapEvents, readMapping } from '../../../activities/importing/lql-mapping.ts';
import { transaction } from '../../../systems/store/database.ts';
import type { Pool } from '../../../systems/store/database.ts';
import { beginAttempt, noteListing } from '../../../systems/store/event-files.ts';
import type { Attempt } from '../../../systems/store/event-files.ts';
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
  importFile(jobId: string, path: string, rows: readonly (readonly string[])[]): Promise<number>;
  /** Imports a file that is there and to be read. */
  readFile(fileId: number, rows: readonly (readonly string[])[]): Promise<void>;
  close(): Promise<void>;
}

/** @param columns of every file; one of them is EVENT_CAPTURED_DT, in milliseconds */
export async function openEventStore(columns: readonly string[]): Promise<EventStore> {
  const { store, url, close } = await openTestStore();
  const keyText = randomBytes(32).toString('base64');
  const key = keyFrom(keyText);
  const hashKeys = await openHashKeys(store, key);

  async function take(attempt: Attempt, rows: readonly (readonly string[])[]): Promise<void> {
    const { rows: jobs } = await store.query<{ mapping: string | null }>(
      "select configuration ->> 'mapping' as mapping from jobs where id = $1",
      [attempt.jobId],
    );
    const records: FileRecord[] = [
      { columns },
      ...rows.map((values, index) => ({ line: index + 2, values })),
    ];
    await importRows(
      {
        store,
        hashKeys,
        attempt,
        mapping: mapEvents(readMapping(jobs[0]?.mapping ?? undefined), attempt.accountId, attempt.eventType),
        bounds: { chunkRows: 7, chunkCharacters: 1_000_000, foldEvents: 18, foldBytes: 1 << 30 },
        readTime: (text) => (text === '' ? undefined : Number(text)),
        bytesRead: () => 0,
      },
      () => Promise.resolve(inOne(records)),
    );
  }

  const readFile = async (fileId: number, rows: readonly (readonly string[])[]): Promise<void> => {
    const attempt = await beginAttempt(store, fileId);
    if (attempt === undefined) throw new Error('The file is not to be read.');
    await take(attempt, rows);
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
    importFile: async (jobId, path, rows) => {
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
      await readFile(id, rows);
      return id;
    },
    readFile,
    close,
  };
}

async function* inOne<Item>(items: readonly Item[]): AsyncGenerator<readonly Item[]> {
  await Promise.resolve();
  yield items;
}
