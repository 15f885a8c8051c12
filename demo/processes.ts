/**
 * The demo drives the product as a person would: `npm start` in one process, the client's commands in others.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { environmentForChildren, fileServerSchema, readRunning } from '../systems/environment.ts';

const root = join(import.meta.dirname, '..');

const readyLine = z.object({
  ready: z.literal(true),
  uiUrl: z.string(),
  sandbox: z.object({
    login: z.string(),
    page: z.string(),
    username: z.string(),
    password: z.string(),
    sftp: fileServerSchema,
  }),
});
type Ready = z.infer<typeof readyLine>;

/** A line to the reader. */
export type Say = (line: string) => void;

export interface Product {
  readonly ready: Ready;
  /** The store, to be looked into. */
  readonly databaseUrl: string;
  /** Runs a client command, and reads its JSON. @throws Error with what the command said */
  readonly client: (...args: string[]) => Promise<unknown>;
  readonly stop: () => Promise<void>;
}

/** Starts everything embedded, with the sandbox, on free ports. */
export async function startProduct(dataFolder: string): Promise<Product> {
  const env = { ...environmentForChildren(), LYTICS_RESPONSYS_DATA: dataFolder };
  const args = [
    'workers/start.ts',
    '--data',
    dataFolder,
    '--port',
    '0',
    '--ui-port',
    '0',
    '--sandbox',
    '--throwaway',
    '--json',
  ];
  const child = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] });
  const ready = await firstReadyLine(child);
  return {
    ready,
    databaseUrl: readRunning(dataFolder)?.databaseUrl ?? '',
    client: (...command) => runClient(command, env),
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

async function firstReadyLine(child: ChildProcess): Promise<Ready> {
  if (child.stdout === null) throw new Error('The product has no output.');
  for await (const line of createInterface({ input: child.stdout })) {
    const parsed = readyLine.safeParse(parseOr(line));
    if (parsed.success) {
      // Whatever it prints later is not read any more, and must not fill the pipe.
      child.stdout.resume();
      return parsed.data;
    }
  }
  throw new Error('The embedded default did not start; what it said stands above.');
}

function parseOr(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return undefined;
  }
}

async function runClient(command: readonly string[], env: NodeJS.ProcessEnv): Promise<unknown> {
  const child = spawn(process.execPath, ['client/main.ts', ...command, '--json'], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [[code], out, err] = await Promise.all([
    once(child, 'exit') as Promise<[number | null]>,
    text(child.stdout),
    text(child.stderr),
  ]);
  if (code !== 0) throw new Error(`lytics-responsys ${command.join(' ')}: ${err.trim()}`);
  return out === '' ? undefined : (JSON.parse(out) as unknown);
}
