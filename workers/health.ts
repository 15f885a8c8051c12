/**
 * Whether a worker of this host polls, for health checks: exit code 0 where Temporal has heard of one lately,
 * else 1 and a line that says why.
 */
import { hostname } from 'node:os';
import { Connection } from '@temporalio/client';
import { taskQueue } from '../jobs/job-id.ts';
import { readEnvironment } from '../systems/environment.ts';
import { findPlaces } from '../systems/places.ts';

/** Temporal's number for the kind of queue. Source: its API, enums/v1/task_queue.proto. */
const activityQueue = 2;
/** A poll lasts a minute at most. */
const latelyMs = 120_000;

async function health(): Promise<string | undefined> {
  const { connectionOptions, namespace } = findPlaces(readEnvironment()).temporal();
  const connection = await Connection.connect({ ...connectionOptions, connectTimeout: '5s' });
  try {
    const { pollers } = await connection.workflowService.describeTaskQueue({
      namespace,
      taskQueue: { name: taskQueue },
      // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- its enum is in no package of ours
      taskQueueType: activityQueue,
    });
    const since = Date.now() / 1000 - latelyMs / 1000;
    // The SDK's default identity is pid@host.
    const own = pollers.some(
      ({ identity, lastAccessTime }) =>
        identity?.endsWith(`@${hostname()}`) === true && Number(lastAccessTime?.seconds ?? 0) > since,
    );
    return own ? undefined : `no worker of ${hostname()} polls ${taskQueue} in ${namespace}`;
  } finally {
    await connection.close();
  }
}

const trouble = await health().catch((error: unknown) =>
  error instanceof Error ? error.message : String(error),
);
if (trouble !== undefined) process.stderr.write(`${trouble}\n`);
process.exitCode = trouble === undefined ? 0 : 1;
