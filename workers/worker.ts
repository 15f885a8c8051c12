/**
 * A worker: runs the workflows and their activities until SIGINT or SIGTERM. Where the store, Temporal and
 * the key are comes from the environment, or from the running embedded default.
 */
import { setFlagsFromString } from 'node:v8';
import { NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { Client, Connection, WorkflowIdConflictPolicy } from '@temporalio/client';
import { pino } from 'pino';
import { openConnections } from '../activities/connections.ts';
import { loginGuard } from '../activities/login-guard.ts';
import type { Means } from '../activities/connections.ts';
import { exportActivities } from '../activities/export-audience.ts';
import { campaignActivities } from '../activities/export-campaign.ts';
import { importActivities } from '../activities/import-activity.ts';
import { rebuildActivities } from '../activities/rebuild-profiles.ts';
import { reevaluateActivities } from '../activities/reevaluate-due.ts';
import { relayActivities } from '../activities/relay.ts';
import { ExpectedError } from '../jobs/errors.ts';
import { relayWorkflowId, taskQueue } from '../jobs/job-id.ts';
import { readEnvironment } from '../systems/environment.ts';
import { findPlaces } from '../systems/places.ts';
import { openStore } from '../systems/store/database.ts';
import { openHashKeys } from '../systems/store/identities.ts';
import { keyFrom } from '../systems/store/secrets.ts';
import { relayChanges } from '../workflows/index.ts';
import { bundleWorkflows } from './bundle-workflows.ts';
import { ensureReevaluateSchedule } from './reevaluate-schedule.ts';
import { registerSearchAttributes } from './search-attributes.ts';

/** What a call to Responsys may take, and a little more: a worker that stops lets those under way end. */
const shutdownGraceMs = 65_000;

// Garbage is collected when the heap has grown by a quarter, not when it has doubled and more: a scan of 100,000
// peaked at 375 MB in the place of 520, and took as long.
setFlagsFromString('--heap-growing-percent=25');

async function main(): Promise<void> {
  const environment = readEnvironment();
  const places = findPlaces(environment);
  const { databaseUrl, key } = places;
  if (databaseUrl === undefined || key === undefined)
    throw new ExpectedError(
      'NOT_RUNNING',
      'A worker needs LYTICS_RESPONSYS_DATABASE_URL and LYTICS_RESPONSYS_KEY, or a running "npm start".',
    );
  // Standard output belongs to whoever started the worker; logs go to standard error.
  const log = pino({ level: environment.logLevel, base: null }, pino.destination(2));
  Runtime.install({
    logger: {
      log: (level, message) => log[level === 'TRACE' ? 'debug' : (level.toLowerCase() as 'info')](message),
      trace: (message) => log.trace(message),
      debug: (message) => log.debug(message),
      info: (message) => log.info(message),
      warn: (message) => log.warn(message),
      error: (message) => log.error(message),
    },
    shutdownSignals: [],
  });

  const { connectionOptions: options, namespace } = places.temporal();
  const store = await openStore(databaseUrl);
  const master = keyFrom(key);
  await openHashKeys(store, master);
  const connection = await Connection.connect(options);
  const temporal = new Client({ connection, namespace });
  await registerSearchAttributes(connection, namespace);
  const nativeConnection = await NativeConnection.connect(options);

  const stopping = new AbortController();
  const means: Means = {
    store,
    key: master,
    allowHosts: places.allowHosts,
    temporal,
    log,
    stopping: stopping.signal,
  };
  const connections = openConnections(means, (id, version) => loginGuard(means, id, version));
  const worker = await Worker.create({
    connection: nativeConnection,
    namespace,
    taskQueue,
    workflowBundle: { code: await bundleWorkflows() },
    activities: {
      ...exportActivities(means, connections),
      ...campaignActivities(means, connections),
      ...importActivities(means),
      ...rebuildActivities(means),
      ...reevaluateActivities(means),
      ...relayActivities(means),
    },
    maxCachedWorkflows: 200,
    maxConcurrentActivityTaskExecutions: 20,
    // A step hears of a pause in the answer to its heartbeat; held back for less, it hears of it in seconds.
    maxHeartbeatThrottleInterval: '1s',
    shutdownGraceTime: shutdownGraceMs,
    shutdownForceTime: shutdownGraceMs + 10_000,
  });
  await temporal.workflow.start(relayChanges, {
    workflowId: relayWorkflowId,
    taskQueue,
    workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
    staticSummary: 'Relay: tells running jobs of changes in their audiences',
  });
  await ensureReevaluateSchedule(temporal, environment.reevaluateEveryMs);

  const stop = (): void => {
    stopping.abort();
    if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  // The one who started this worker is gone: nobody is left to stop it.
  process.on('disconnect', stop);
  const ran = worker.run();
  process.send?.({ ready: true });
  log.info({ taskQueue, namespace }, 'worker ready');
  await ran;
  await connections.close();
  await nativeConnection.close();
  await connection.close();
  await store.end();
}

try {
  await main();
  if (process.connected) process.disconnect();
} catch (error) {
  const expected = error instanceof ExpectedError;
  process.stderr.write(`${expected ? `${error.code}  ${error.message}` : String(error)}\n`);
  process.exit(expected ? 4 : 1);
}
