/** Workers for imports, one at a time, each a process of its own that can be killed and is followed by another. */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleWorkflowCode } from '@temporalio/worker';
import { workflowSources } from '../../workers/workflow-sources.ts';
import type { ImportWorkerOptions } from './import-worker.ts';

export interface ImportWorkers {
  start(): void;
  /** Kills the worker with -9, and starts another. */
  kill(): Promise<void>;
  killed(): number;
  /** Ends the worker; none follows. */
  end(): Promise<void>;
  close(): Promise<void>;
}

export async function startImportWorkers(
  options: Omit<ImportWorkerOptions, 'codePath'>,
): Promise<ImportWorkers> {
  const folder = mkdtempSync(join(tmpdir(), 'lytics-responsys-fire-'));
  const codePath = join(folder, 'workflows.js');
  const bundle = await bundleWorkflowCode({
    workflowsPath: workflowSources.workflowsPath,
    workflowInterceptorModules: [
      ...workflowSources.workflowInterceptorModules,
      new URL('import-interceptors.ts', import.meta.url).pathname,
    ],
  });
  writeFileSync(codePath, bundle.code);
  const orders = JSON.stringify({ ...options, codePath });
  let worker: ChildProcess | undefined;
  let killed = 0;
  const start = (): void => {
    worker = fork(join(import.meta.dirname, 'import-worker.ts'), [orders], {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
  };
  const end = async (): Promise<void> => {
    if (worker?.exitCode !== null || worker.signalCode !== null) return;
    const exited = once(worker, 'exit');
    worker.kill('SIGKILL');
    await exited;
  };
  start();
  return {
    start,
    kill: async () => {
      await end();
      killed += 1;
      start();
    },
    killed: () => killed,
    end,
    close: async () => {
      await end();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
