/** The sandbox for tests: a process of its own on a folder of its own, both gone after the file's last test. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { startSandbox as start, type SandboxFace } from '../../workers/embedded/sandbox-process.ts';

export interface TestSandbox extends SandboxFace {
  /** Its hosts, as an authorization's allowed ones. */
  readonly allowHosts: readonly string[];
  /** Holds sandbox.sqlite and its request log. */
  readonly dataFolder: string;
  /** Calls its control API, as `control('faults', {...})`, and returns the JSON answer. */
  control(path: string, body?: unknown): Promise<unknown>;
  stop(): Promise<void>;
}

const stops: (() => Promise<void>)[] = [];

after(async () => {
  for (const stop of stops) await stop();
});

/** Starts a sandbox on free ports. @param config replaces parts of its default content and behaviour */
export async function startSandbox(config?: object): Promise<TestSandbox> {
  const dataFolder = await mkdtemp(join(tmpdir(), 'lytics-responsys-sandbox-'));
  const configFile = config === undefined ? undefined : join(dataFolder, 'config.json');
  if (configFile !== undefined) await writeFile(configFile, JSON.stringify(config));
  const { face, allowHosts, child } = await start({ dataFolder, configFile });
  child.process.unref();
  const stdout = child.process.stdout as unknown as { unref?: () => void } | null;
  stdout?.unref?.();
  const stop = async (): Promise<void> => {
    await child.stop();
    await rm(dataFolder, { recursive: true, force: true });
  };
  stops.push(stop);
  return { ...face, allowHosts, dataFolder, stop, control: (path, body) => control(face.login, path, body) };
}

async function control(login: string, path: string, body: unknown): Promise<unknown> {
  const response = await fetch(`${login}/_sandbox/${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`sandbox control ${path}: ${response.status} ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}
