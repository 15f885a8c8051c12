/** A client command as a process of its own, with the time and the most memory that it took. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { environmentForChildren } from '../systems/environment.ts';
import { peakBytesOf } from './processes.ts';

export interface Measured {
  readonly result: unknown;
  readonly seconds: number;
  /** Resident memory at its highest; undefined where the system does not tell. */
  readonly peakBytes: number | undefined;
}

const lookEveryMs = 50;

/** @throws Error with what the command said */
export async function measureCommand(dataFolder: string, ...args: string[]): Promise<Measured> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, ['client/main.ts', ...args, '--json'], {
    cwd: join(import.meta.dirname, '..'),
    env: { ...environmentForChildren(), LYTICS_RESPONSYS_DATA: dataFolder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let peakBytes: number | undefined;
  const looking = setInterval(() => {
    peakBytes = peakBytesOf(child.pid) ?? peakBytes;
  }, lookEveryMs);
  const [[code], out, err] = await Promise.all([
    once(child, 'exit') as Promise<[number | null]>,
    text(child.stdout),
    text(child.stderr),
  ]).finally(() => clearInterval(looking));
  if (code !== 0) throw new Error(`lytics-responsys ${args.join(' ')}: ${err.trim()}`);
  return { result: JSON.parse(out), seconds: (performance.now() - startedMs) / 1000, peakBytes };
}
