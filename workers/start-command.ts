/**
 * What `npm start` does: starts the embedded default, says where everything is, and stops all of it at
 * Ctrl-C, or when a part ends by itself.
 */
import { join, resolve } from 'node:path';
import { ExpectedError, errorKinds } from '../jobs/errors.ts';
import { readEnvironment } from '../systems/environment.ts';
import { recordedChildren } from './embedded/children-file.ts';
import { startEmbedded, type Embedded, type EmbeddedOptions } from './embedded/index.ts';
import { lives } from './embedded/process-identity.ts';
import { panelOf } from './panel.ts';
import { readFlags, START_HELP, type StartFlags } from './start-flags.ts';

/**
 * Runs until it is told to stop, and ends the process.
 *
 * @param files other programs in the place of the worker and the sandbox, for tests
 */
export async function runStart(args: readonly string[], files: EmbeddedOptions['files'] = {}): Promise<void> {
  try {
    const flags = readFlags(args);
    if (flags.help) process.stdout.write(START_HELP);
    else process.exitCode = await run(flags, files);
  } catch (error) {
    const expected = error instanceof ExpectedError;
    const fault = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(expected ? `${error.code}  ${error.message}\n` : `An unexpected fault: ${fault}\n`);
    process.exitCode = expected ? errorKinds[error.code].exit : 1;
  }
  process.exit();
}

async function run(flags: StartFlags, files: EmbeddedOptions['files']): Promise<number> {
  const environment = readEnvironment();
  const dataFolder = flags.dataFolder === undefined ? environment.dataFolder : resolve(flags.dataFolder);
  const asked = stopAsked(dataFolder, () => {
    if (!flags.json) process.stdout.write('\nStopping … (Ctrl-C again to stop at once)\n');
  });
  let embedded: Embedded;
  try {
    embedded = await startEmbedded({
      environment: { ...environment, dataFolder },
      port: flags.port,
      uiPort: flags.uiPort,
      sandboxPort: flags.sandboxPort,
      sftpPort: flags.sftpPort,
      throwaway: flags.throwaway,
      notice: (text) => process.stderr.write(`${text}\n`),
      signal: asked.signal,
      ...(files === undefined ? {} : { files }),
    });
  } catch (error) {
    if (asked.signal.aborted) return 0;
    throw error;
  }
  process.stdout.write(flags.json ? `${JSON.stringify(readyLine(embedded))}\n` : panelOf(embedded));
  const failure = await Promise.race([embedded.failed, asked.promise]);
  if (failure === undefined) {
    await embedded.stop();
    return 0;
  }
  const how = failure.signal ?? `exit ${failure.code ?? 'unknown'}`;
  const log = join(embedded.dataFolder, `${failure.name}.log`);
  process.stderr.write(`The ${failure.name} ended unexpectedly (${how}); see ${log}. Stopping the rest.\n`);
  await embedded.stop();
  return 1;
}

/** Without the key and the database's password, which are for `running.json` and its mode 600 alone. */
const readyLine = ({ running: { temporalAddress, uiUrl, sandbox }, dataFolder }: Embedded) => ({
  ready: true,
  dataFolder,
  temporalAddress,
  uiUrl,
  sandbox,
});

/**
 * Listens to the signals that ask for a stop; a second one stops at once, by force. npm hands Ctrl-C on to a
 * program that has had it from the terminal already: within a second the two are one.
 */
function stopAsked(
  dataFolder: string,
  onFirst: () => void,
): {
  readonly signal: AbortSignal;
  readonly promise: Promise<undefined>;
} {
  const asked = new AbortController();
  const { promise, resolve: settle } = Promise.withResolvers<undefined>();
  let firstAt: number | undefined;
  const ask = (): void => {
    if (firstAt !== undefined && performance.now() - firstAt > 1_000) stopAtOnce(dataFolder);
    if (firstAt === undefined) onFirst();
    firstAt ??= performance.now();
    asked.abort();
    settle(undefined);
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, ask);
  // Started by another program over a channel, the end of that program is the end of this one.
  process.on('disconnect', () => {
    if (firstAt === undefined) ask();
  });
  return { signal: asked.signal, promise };
}

/** PostgreSQL recovers from this at its next start, and so does everything else. */
function stopAtOnce(dataFolder: string): never {
  for (const { pid, started } of recordedChildren(dataFolder)) {
    if (lives(pid, started)) process.kill(pid, 'SIGKILL');
  }
  process.exit(130);
}
