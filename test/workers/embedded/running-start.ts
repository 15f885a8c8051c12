/** A start under test: the real `workers/start-command.ts` as a process, with stand-ins for worker and sandbox. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { finished } from 'node:stream/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { recordedChildren } from '../../../workers/embedded/children-file.ts';
import { lives } from '../../../workers/embedded/process-identity.ts';

export interface Start {
  readonly process: ChildProcess;
  /** The first line of stdout as JSON; undefined where the process ended without one. */
  readonly ready: Promise<{ temporalAddress: string; uiUrl: string; sandbox?: { page: string } } | undefined>;
  readonly exitCode: Promise<number | null>;
  readonly stderr: () => string;
}

/** Runs `npm start` on free ports, with everything on the data folder. */
export function runStart(dataFolder: string, ...flags: readonly string[]): Start {
  const script = join(import.meta.dirname, 'start-with-stubs.ts');
  const fixed = ['--data', dataFolder, '--throwaway', '--json', '--port', '0', '--ui-port', '0'];
  const child = spawn(process.execPath, [script, ...fixed, ...flags], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  // With a channel the type does not tell that these are pipes.
  const { stdout, stderr: errors } = child;
  if (stdout === null || errors === null) throw new Error('expected pipes');
  let stderr = '';
  errors.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  // Not 'close', which does not come where this side has ended the channel.
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const exitCode = finished(errors).then(() => exited);
  const lines = createInterface({ input: stdout });
  const ready = new Promise<Awaited<Start['ready']>>((resolve) => {
    lines.once('line', (line) => resolve(JSON.parse(line) as Awaited<Start['ready']>));
    lines.once('close', () => resolve(undefined));
  });
  return { process: child, ready, exitCode, stderr: () => stderr };
}

/** A temporary folder's real path, gone after the callback. */
export async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'lytics-responsys-start-')));
  try {
    await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The children on record that run, by name. */
export const runningChildren = (dataFolder: string): readonly string[] =>
  recordedChildren(dataFolder)
    .filter(({ pid, started }) => lives(pid, started))
    .map(({ name }) => name);

/** Whether somebody listens at a URL's or an address' host and port. */
export function answers(address: string): Promise<boolean> {
  const { hostname, port } = new URL(address.includes('://') ? address : `tcp://${address}`);
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port) });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
