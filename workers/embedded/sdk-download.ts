/**
 * Has Temporal's SDK download a binary, as a process of its own: the SDK offers the download only together
 * with a start of the server, has no time limit for it, and cannot be told to stop.
 *
 * Arguments: the program (`temporal` or `temporal-test-server`) and an existing folder for it.
 */
import { TestWorkflowEnvironment } from '@temporalio/testing';

const [program, downloadDir] = process.argv.slice(2);
if (downloadDir === undefined) throw new Error('expected a program and a folder');
const server = { executable: { type: 'cached-download', downloadDir } } as const;
try {
  const environment =
    program === 'temporal'
      ? await TestWorkflowEnvironment.createLocal({ server })
      : await TestWorkflowEnvironment.createTimeSkipping({ server });
  await environment.teardown();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message.split('\n').join(' ') : String(error)}\n`);
  process.exitCode = 1;
}
