import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client, Connection } from '@temporalio/client';
import { readEnvironment } from '../../../systems/environment.ts';
import { findTemporalBinary } from '../../../workers/embedded/temporal-binaries.ts';
import { startTemporal } from '../../../workers/embedded/temporal-server.ts';
import { answers, withFolder } from './running-start.ts';

test('workflows survive a stop and a kill -9 of the server', async () => {
  const binary = await findTemporalBinary('temporal', readEnvironment());
  await withFolder(async (dataFolder) => {
    for (const [run, signal] of ['SIGTERM', 'SIGKILL', 'SIGTERM'].entries()) {
      const temporal = await startTemporal({ binary, dataFolder });
      const connection = await Connection.connect({ address: temporal.address });
      const { workflow } = new Client({ connection });
      await workflow.start('unknown', { workflowId: `run-${run}`, taskQueue: 'nobody' });
      for (let earlier = 0; earlier <= run; earlier += 1) {
        const { status } = await workflow.getHandle(`run-${earlier}`).describe();
        assert.equal(status.name, 'RUNNING', `run-${earlier} in run ${run}`);
      }
      await connection.close();
      temporal.child.process.kill(signal as NodeJS.Signals);
      await temporal.child.exited;
      assert.equal(await answers(temporal.address), false);
      assert.equal(await answers(temporal.uiUrl), false);
    }
  });
});
