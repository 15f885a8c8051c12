/** For tests of whole imports: the product, OpenSSH's server with a folder, gpg's keys, and a look at the store. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { startSshServer } from '../harness/sshd.ts';
import type { SshServer } from '../harness/sshd.ts';
import { openPacker, pgpPassphrase } from '../systems/sftp/packaging.ts';
import type { Packer } from '../systems/sftp/packaging.ts';
import { authorizeSftp } from './imports.ts';
import { startProduct } from './product.ts';
import type { Product } from './product.ts';

/** How a file of a job stands in the store. */
export interface StoredFile {
  readonly id: number;
  readonly path: string;
  readonly state: string;
  readonly reason: string;
  readonly events: number;
  readonly known: number;
  readonly setAside: number;
}

export interface EventFolder {
  readonly product: Product;
  readonly packer: Packer;
  readonly server: SshServer;
  /** Where a login begins, on this machine's disk. */
  readonly home: string;
  readonly store: pg.Client;
  put(name: string, content: string | Uint8Array): void;
  /** Adds an authorization for the folder; with a key, one that opens PGP. */
  authorize(label: string, pgpPrivateKey?: string, passphrase?: string): Promise<void>;
  /** Starts a job that looks again each second. @returns its id */
  start(authorization: string, changes?: object): Promise<string>;
  files(jobId: string): Promise<readonly StoredFile[]>;
  /** Waits until the job's files stand so, half a minute at most. */
  filesAre(jobId: string, areSo: (files: readonly StoredFile[]) => boolean): Promise<readonly StoredFile[]>;
  close(): Promise<void>;
}

/** @param options of the server */
export async function openEventFolder(options = {}): Promise<EventFolder> {
  const packer = openPacker();
  const server = await startSshServer([], options);
  const product = await startProduct();
  const store = new pg.Client({ connectionString: product.databaseUrl });
  store.on('error', () => undefined);
  await store.connect();
  const files = async (jobId: string): Promise<readonly StoredFile[]> =>
    (
      await store.query<StoredFile>(
        `select id::int, path, state, reason, events::int, repeated_rows::int as known, set_aside_rows::int as "setAside"
           from event_files where job_id = $1 order by path, id`,
        [jobId],
      )
    ).rows;
  return {
    product,
    packer,
    server,
    home: server.home,
    store,
    put: (name, content) => writeFileSync(join(server.home, name), content),
    authorize: async (label, pgpPrivateKey, passphrase = pgpPassphrase) => {
      const pgp = pgpPrivateKey === undefined ? {} : { pgpPrivateKey, pgpPassphrase: passphrase };
      const kind = pgpPrivateKey === undefined ? 'responsys-sftp' : 'responsys-sftp-with-pgp';
      await authorizeSftp(product, server, { kind, label, ...pgp });
    },
    start: async (authorization, changes = {}) => {
      const job = {
        job: 'import-activity',
        authorization,
        label: `From ${authorization}`,
        customDelimiter: '|',
        interval: '1s',
        stableFor: '1s',
        ...changes,
      };
      const file = product.write('job.yaml', JSON.stringify(job));
      return ((await product.json('jobs', 'start', file)) as { id: string }).id;
    },
    files,
    filesAre: async (jobId, areSo) => {
      for (let look = 0; ; look++) {
        const seen = await files(jobId);
        if (areSo(seen)) return seen;
        if (look > 300) assert.fail(`they stayed ${JSON.stringify(seen, undefined, 1)}`);
        await wait(100);
      }
    },
    close: async () => {
      await store.end();
      await product.close();
      await server.stop();
      packer.remove();
    },
  };
}
