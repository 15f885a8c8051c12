/** Whether a file is the program of Temporal that it should be: told by running it. */
import { accessSync, constants } from 'node:fs';
import { CommandFailed, runCommand } from './command.ts';
import type { TemporalProgram } from './temporal-wheels.ts';

/** The first CLI whose server (1.28) knows worker poller autoscaling; older ones are passed over. */
const OLDEST_CLI = { major: 1, minor: 4 };

/** Runs the binary for its version. @throws Error that says what it is instead */
export async function verifyProgram(program: TemporalProgram, path: string): Promise<void> {
  try {
    accessSync(path, constants.X_OK);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new Error(`${path}: ${missing ? 'no such file' : 'not executable'}`, { cause: error });
  }
  const said = await runCommand(path, ['--version'], 20_000).catch((error: unknown) => {
    // The test server knows no flag: it takes the first argument for a port, and says so by its own name.
    if (error instanceof CommandFailed && error.output.includes('testserver')) return 'temporal-test-server';
    throw error;
  });
  if (program === 'temporal-test-server') {
    if (said.includes('test-server') || said.includes('testserver')) return;
    throw new Error(`${path}: not Temporal's test server`);
  }
  const [, major, minor] = /^temporal version (\d+)\.(\d+)\./m.exec(said) ?? [];
  if (major === undefined || minor === undefined) throw new Error(`${path}: not Temporal's CLI`);
  if (
    Number(major) < OLDEST_CLI.major ||
    (Number(major) === OLDEST_CLI.major && Number(minor) < OLDEST_CLI.minor)
  ) {
    throw new Error(
      `${path}: version ${major}.${minor} is too old, expected ${OLDEST_CLI.major}.${OLDEST_CLI.minor} or later`,
    );
  }
}
