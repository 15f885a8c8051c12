/**
 * The workflows as one bundle, made in a process of its own: making it takes several hundred megabytes, which
 * a worker that runs for months would never give back.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { DefaultLogger, bundleWorkflowCode } from '@temporalio/worker';
import { workflowSources } from './workflow-sources.ts';

const mostBytes = 64 * 1024 * 1024;

/** @returns the bundle's code */
export async function bundleWorkflows(): Promise<string> {
  const bundler = await promisify(execFile)(process.execPath, [import.meta.filename], {
    maxBuffer: mostBytes,
  });
  return bundler.stdout;
}

if (import.meta.main) {
  // What it logs goes to standard error: the code alone is its answer.
  const { code } = await bundleWorkflowCode({
    ...workflowSources,
    logger: new DefaultLogger('WARN'),
  });
  process.stdout.write(code);
}
