/** A store of its own for one test file, with the authorization "a". */
import { openStore } from '../../systems/store/database.ts';
import type { Pool } from '../../systems/store/database.ts';
import { freshDatabase } from './postgres.ts';

export interface TestStore {
  readonly url: string;
  readonly store: Pool;
  close(): Promise<void>;
}

export async function openTestStore(): Promise<TestStore> {
  const database = await freshDatabase();
  const store = await openStore(database.url);
  await store.query(
    `insert into authorizations (id, kind, label, settings, sealed_secrets) values ('a', 'responsys-interact', 'a', '{}', '')`,
  );
  return {
    url: database.url,
    store,
    close: async () => {
      await store.end();
      await database.drop();
    },
  };
}

/** The export "j", for what needs a job to belong to. */
export async function addBareJob(store: Pool): Promise<void> {
  await store.query(
    `insert into jobs (id, kind, label, authorization_id, configuration) values ('j', 'export-audience', 'j', 'a', '{}')`,
  );
}
