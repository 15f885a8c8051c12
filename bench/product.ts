/** The product, embedded, for a measurement: with people in its store, and jobs started as the client does. */
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { startJob } from '../client/jobs/start.ts';
import { exportAudienceSchema } from '../jobs/export-audience.ts';
import { exportAudienceWorkflowId, scanAudienceWorkflowId } from '../jobs/job-id.ts';
import { readEnvironment } from '../systems/environment.ts';
import { addAuthorization } from '../systems/store/authorizations.ts';
import { ensureAudience } from '../systems/store/audiences.ts';
import { openStore } from '../systems/store/database.ts';
import type { Pool } from '../systems/store/database.ts';
import { latestScan } from '../systems/store/scans.ts';
import type { Scan } from '../systems/store/scans.ts';
import { keyFrom } from '../systems/store/secrets.ts';
import type { Key } from '../systems/store/secrets.ts';
import { recordedChildren } from '../workers/embedded/children-file.ts';
import { startEmbedded } from '../workers/embedded/index.ts';
import type { AtEnd } from './bench.ts';
import { cpuSecondsOf } from './processes.ts';

export const audience = 'Bench';

/** `sandbox` keeps what it is sent; `quick` answers alike and keeps nothing. */
export const lists = { sandbox: 'CONTACTS_LIST', quick: 'NEWSLETTER_LIST' } as const;

export interface BenchProduct {
  readonly store: Pool;
  readonly databaseUrl: string;
  readonly key: Key;
  readonly login: { readonly url: string; readonly username: string; readonly password: string };
  readonly temporal: Client;
  readonly pids: Readonly<Record<'postgres' | 'worker' | 'sandbox' | 'temporal', number>>;
  /** A new job, which scans at once. @returns its id */
  start(fields: object): Promise<string>;
  /** Waits for the end of a job's scan. */
  scanned(jobId: string): Promise<Scan & { readonly endedAt: Date; readonly seconds: number }>;
  /** Events in the histories of the job and its scan. */
  historyEvents(jobId: string): Promise<number>;
  /** Milliseconds that each merge takes. */
  setLatency(ms: number): Promise<void>;
  stop(): Promise<void>;
}

/** @param atEnd takes what stops it, before it has started: an interruption meanwhile ends it too */
export async function startBenchProduct(folder: string, atEnd: AtEnd): Promise<BenchProduct> {
  const starting = startEmbedded({
    environment: { ...readEnvironment(), dataFolder: join(folder, 'data') },
    port: 0,
    uiPort: 0,
    sandboxPort: 0,
    sftpPort: 0,
    throwaway: true,
    files: { sandbox: join(import.meta.dirname, 'counterpart.ts') },
  });
  const opened: (() => Promise<void>)[] = [];
  let stopping: Promise<void> | undefined;
  const stopAll = async (): Promise<void> => {
    for (const close of opened.reverse()) await close();
    await (await starting).stop();
  };
  const stop = (): Promise<void> => (stopping ??= stopAll());
  atEnd(stop);
  const embedded = await starting;
  const { databaseUrl, temporalAddress, sandbox } = embedded.running;
  if (sandbox === undefined) throw new Error('The counterpart did not start.');
  const store = await openStore(databaseUrl);
  opened.push(() => store.end());
  const connection = await Connection.connect({ address: temporalAddress });
  opened.push(() => connection.close());
  const temporal = new Client({ connection });
  const { login: url, username, password } = sandbox;
  const configure = async (config: object): Promise<void> => {
    await fetch(`${url}/_sandbox/config`, { method: 'POST', body: JSON.stringify(config) });
  };
  // What is measured is this project, not how long Responsys makes one wait.
  await configure({ limits: { '*': 1_000_000 } });
  const key = keyFrom(embedded.running.key);
  await addAuthorization(store, key, {
    kind: 'responsys-interact',
    label: 'Sandbox',
    description: '',
    username,
    password,
    endpointUri: url,
  });
  const pidOf = (name: string): number =>
    recordedChildren(embedded.dataFolder).find((child) => child.name === name)?.pid ?? 0;
  let jobs = 0;
  return {
    store,
    databaseUrl,
    key,
    login: { url, username, password },
    temporal,
    pids: {
      postgres: pidOf('postgres'),
      worker: pidOf('worker'),
      sandbox: pidOf('sandbox'),
      temporal: pidOf('temporal'),
    },
    start: async (fields) => {
      const job = exportAudienceSchema.parse({
        job: 'export-audience',
        authorization: 'Sandbox',
        label: `Bench ${++jobs}`,
        audience,
        matchColumn1: 'EMAIL_ADDRESS_',
        ...fields,
      });
      return (await startJob(store, temporal, job)).id;
    },
    scanned: async (jobId) => {
      for (;;) {
        await wait(200);
        const scan = await latestScan(store, jobId);
        if (scan === undefined || scan.endedAt === null) continue;
        const seconds = (scan.endedAt.getTime() - scan.startedAt.getTime()) / 1_000;
        return { ...scan, endedAt: scan.endedAt, seconds };
      }
    },
    historyEvents: async (jobId) => {
      const ids = [exportAudienceWorkflowId(jobId), scanAudienceWorkflowId(jobId)];
      const shown = await Promise.all(ids.map((id) => temporal.workflow.getHandle(id).describe()));
      return shown.reduce((sum, { historyLength }) => sum + historyLength, 0);
    },
    setLatency: (ms) =>
      configure({ latencyMs: { 'Merge List Recipients': ms, 'Merge Profile Extension Recipients': ms } }),
    stop,
  };
}

/** People with an e-mail address and two fields, all of them in the audience. */
export async function addMembers(store: Pool, members: number): Promise<void> {
  const { id } = await ensureAudience(store, audience);
  await store.query(
    `insert into user_fields (name, kind) values ('email', 'string'), ('loyalty_tier', 'string'), ('visits', 'int')
     on conflict do nothing`,
  );
  await store.query(
    `with people as (
       insert into profiles (fields)
       select jsonb_build_object('email', 'person.' || at || '@example.com',
                'loyalty_tier', (array['bronze', 'silver', 'gold'])[at % 3 + 1], 'visits', at % 100)
         from generate_series(1, $2::int) as at
       returning id
     )
     insert into audience_members (audience_id, profile_id, is_member) select $1, id, true from people`,
    [id, members],
  );
  await store.query('vacuum analyze profiles, audience_members');
}

/** Processor seconds of each part during `work`. */
export async function measureCpu<Result>(
  { pids }: BenchProduct,
  work: () => Promise<Result>,
): Promise<{ readonly result: Result; readonly cpu: Readonly<Record<keyof BenchProduct['pids'], number>> }> {
  const read = () => ({
    postgres: cpuSecondsOf(pids.postgres),
    worker: cpuSecondsOf(pids.worker),
    sandbox: cpuSecondsOf(pids.sandbox),
    temporal: cpuSecondsOf(pids.temporal),
  });
  const before = read();
  const result = await work();
  const after = read();
  const used = (name: keyof typeof before): number => after[name] - before[name];
  return {
    result,
    cpu: {
      postgres: used('postgres'),
      worker: used('worker'),
      sandbox: used('sandbox'),
      temporal: used('temporal'),
    },
  };
}
