/** Runs under fire with a worker in this process: Responsys fails, the worker lives. */
import type { WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { startSandbox } from '../harness/sandbox.ts';
import { temporalEnvironment } from '../harness/temporal.ts';
import { bundleForFire, startFireWorker } from './fire-worker.ts';
import { runUnderFire } from './run-under-fire.ts';

let bundle: Promise<WorkflowBundleWithSourceMap> | undefined;
let sandbox: ReturnType<typeof startSandbox> | undefined;

export async function runInProcess(seed: number): Promise<void> {
  const workflowBundle = await (bundle ??= bundleForFire(false));
  const { address, namespace, environment } = await temporalEnvironment();
  try {
    await runUnderFire({
      seed,
      sandbox: await (sandbox ??= startSandbox({ limits: { '*': 1_000_000 } })),
      address,
      namespace,
      startWorkers: async (options) => {
        const started = await startFireWorker(options, workflowBundle, () => undefined);
        const ran = started.worker.run();
        return {
          dieAgain: false,
          stop: async () => {
            started.worker.shutdown();
            await ran.catch(() => undefined);
            await started.close();
          },
        };
      },
    });
  } finally {
    await environment.teardown();
  }
}
