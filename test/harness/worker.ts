/** The real worker for tests, as a process of its own that can be stopped or killed. */
import { join } from 'node:path';
import { after } from 'node:test';
import { startChild, type Child } from '../../workers/embedded/child.ts';

export interface TestWorkerOptions {
  readonly databaseUrl: string;
  /** 32 bytes in base64. */
  readonly key: string;
  readonly allowHosts: readonly string[];
  readonly address: string;
  readonly namespace: string;
  readonly logFile?: string;
}

const workers: Child[] = [];

after(async () => {
  await Promise.all(
    workers.map(async (worker) => {
      // Or else nothing keeps this process from ending before it has tidied up.
      worker.process.ref();
      worker.kill();
      await worker.exited;
    }),
  );
});

/** Starts a worker and waits until it says that it is ready. */
export async function startWorker(options: TestWorkerOptions): Promise<Child> {
  const worker = await startChild({
    name: 'worker',
    command: process.execPath,
    args: [join(import.meta.dirname, '..', '..', 'workers', 'worker.ts')],
    ipc: true,
    logFile: options.logFile,
    env: {
      LYTICS_RESPONSYS_DATABASE_URL: options.databaseUrl,
      LYTICS_RESPONSYS_KEY: options.key,
      LYTICS_RESPONSYS_ALLOW_HOSTS: options.allowHosts.join(','),
      TEMPORAL_ADDRESS: options.address,
      TEMPORAL_NAMESPACE: options.namespace,
    },
  });
  workers.push(worker);
  await new Promise<void>((resolve, reject) => {
    worker.process.once('message', () => resolve());
    void worker.exited.then(({ code }) =>
      reject(new Error(`the worker ended with exit ${code ?? 'by a signal'}`)),
    );
  });
  worker.process.unref();
  worker.process.channel?.unref();
  return worker;
}
