/** A worker of that workflow, to be killed: `node worker.ts ADDRESS NAMESPACE TASK_QUEUE STICKY_MS`. */
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';

Runtime.install({ logger: new DefaultLogger('ERROR') });
const [address = '', namespace = '', taskQueue = '', stickyMs = ''] = process.argv.slice(2);
const worker = await Worker.create({
  connection: await NativeConnection.connect({ address }),
  namespace,
  taskQueue,
  workflowsPath: new URL('index.ts', import.meta.url).pathname,
  stickyQueueScheduleToStartTimeout: Number(stickyMs),
});
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
await worker.run();
