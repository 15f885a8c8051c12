/**
 * A worker for imports as a process of its own, the product's own steps and workflows with small chunks, to be
 * killed: `node import-worker.ts '{"databaseUrl": …, "codePath": …, "bounds": …, …}'`.
 */
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { pino } from 'pino';
import { importActivities } from '../../activities/import-activity.ts';
import type { ImportBounds } from '../../activities/importing/import-content.ts';
import { taskQueue } from '../../jobs/job-id.ts';
import { openStore } from '../../systems/store/database.ts';
import { keyFrom } from '../../systems/store/secrets.ts';

export interface ImportWorkerOptions {
  readonly databaseUrl: string;
  readonly key: string;
  readonly address: string;
  readonly namespace: string;
  /** The workflows' bundle. */
  readonly codePath: string;
  readonly bounds: ImportBounds;
}

const { databaseUrl, key, address, namespace, codePath, bounds } = JSON.parse(
  process.argv[2] ?? '',
) as ImportWorkerOptions;
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
const means = {
  store: await openStore(databaseUrl),
  key: keyFrom(key),
  allowHosts: [],
  temporal: new Client({ connection: await Connection.connect({ address }), namespace }),
  log: pino({ level: 'silent' }),
  stopping: new AbortController().signal,
};
const worker = await Worker.create({
  connection: await NativeConnection.connect({ address }),
  namespace,
  taskQueue,
  workflowBundle: { codePath },
  activities: { ...importActivities(means, bounds) },
  maxHeartbeatThrottleInterval: '1s',
});
await worker.run();
