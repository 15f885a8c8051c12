/** Temporal for tests: with its own clock, or with time skipped. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { searchAttributes } from '../../jobs/search-attributes.ts';
import { readEnvironment } from '../../systems/environment.ts';
import { findTemporalBinary } from '../../workers/embedded/temporal-binaries.ts';
import { addSearchAttributes, registerSearchAttributes } from '../../workers/search-attributes.ts';
import { sharedTemporal } from './servers.ts';

/**
 * A namespace of its own on the shared dev server, with the search attributes: workflow ids, task queues and
 * listings of other files are not seen. The clock is the real one. Its user tears it down.
 */
export async function temporalEnvironment(): Promise<{
  readonly address: string;
  readonly namespace: string;
  readonly environment: TestWorkflowEnvironment;
}> {
  const address = await sharedTemporal();
  const namespace = `test-${randomBytes(6).toString('hex')}`;
  const connection = await Connection.connect({ address });
  await connection.workflowService.registerNamespace({
    namespace,
    // The type asks for a Long; the message takes a number as well.
    workflowExecutionRetentionPeriod: { seconds: 86_400 as unknown as null },
  });
  await untilRegistered(connection, namespace);
  await connection.close();
  const environment = await TestWorkflowEnvironment.createFromExistingServer({ address, namespace });
  return { address, namespace, environment };
}

/** A time-skipping server of its own, with the search attributes. Its user tears it down. */
export async function timeSkipping(): Promise<TestWorkflowEnvironment> {
  const path = await findTemporalBinary('temporal-test-server', readEnvironment());
  const environment = await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path } },
  });
  // This server can add search attributes, but not list them.
  await addSearchAttributes(environment.connection, 'default', searchAttributes);
  return environment;
}

/** A new namespace is seen by all parts of the server within moments. */
async function untilRegistered(connection: Connection, namespace: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await registerSearchAttributes(connection, namespace);
      return;
    } catch (error) {
      if (attempt === 100) throw error;
      await sleep(100);
    }
  }
}
