/** The sandbox (a local Responsys) as a child process of the embedded default. */
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { ExpectedError } from '../../jobs/errors.ts';
import { fileServerSchema } from '../../systems/environment.ts';
import { lastLines, startChild, type Child } from './child.ts';

const READY_WITHIN_MS = 60_000;

const readyLine = z.object({
  ready: z.literal(true),
  login: z.url(),
  api: z.url(),
  page: z.url(),
  username: z.string(),
  password: z.string(),
  sftp: fileServerSchema,
});

/** Its ready line's addresses and login. */
export type SandboxFace = Readonly<Omit<z.infer<typeof readyLine>, 'ready'>>;

export interface RunningSandbox {
  readonly face: SandboxFace;
  /** What may be sent a login, as `127.0.0.1:8091`. */
  readonly allowHosts: readonly string[];
  readonly child: Child;
}

export interface SandboxOptions {
  readonly dataFolder: string;
  /** @default 0, any free one */
  readonly port?: number;
  /** Of its SFTP server. @default 0, any free one */
  readonly sftpPort?: number;
  /** Replaces parts of its default content and behaviour. */
  readonly configFile?: string | undefined;
  /** @default this project's sandbox */
  readonly file?: string | undefined;
  readonly onSpawn?: (child: Child) => void;
}

/** Starts the sandbox and waits for its word that it is ready. @throws ExpectedError with the end of its log */
export async function startSandbox(options: SandboxOptions): Promise<RunningSandbox> {
  const { dataFolder, port = 0, sftpPort = 0, configFile } = options;
  const file = options.file ?? join(import.meta.dirname, '..', '..', 'sandbox', 'main.ts');
  const logFile = join(dataFolder, 'sandbox.log');
  const child = await startChild({
    name: 'sandbox',
    command: process.execPath,
    args: [
      ...[file, '--data', join(dataFolder, 'sandbox.sqlite'), '--port', String(port)],
      ...['--sftp-port', String(sftpPort)],
      ...(configFile === undefined ? [] : ['--config', configFile]),
    ],
    logFile,
    stdout: 'pipe',
  });
  options.onSpawn?.(child);
  const line = await firstLine(child);
  const ready = readyLine.safeParse(jsonOf(line));
  if (!ready.success) {
    await child.stop();
    throw new ExpectedError(
      'NOT_RUNNING',
      `The sandbox did not start. The end of ${logFile}:\n${lastLines(logFile)}`,
    );
  }
  const { login, api, page, username, password, sftp } = ready.data;
  return {
    face: { login, api, page, username, password, sftp },
    allowHosts: [...new Set([login, api].map((url) => new URL(url).host))],
    child,
  };
}

/** The first line of a child's stdout; undefined where it ends, or is silent for a minute. */
async function firstLine(child: Child): Promise<string | undefined> {
  const { stdout } = child.process;
  if (stdout === null) return undefined;
  const lines = createInterface({ input: stdout });
  const line = await new Promise<string | undefined>((resolve) => {
    const timeout = setTimeout(() => resolve(undefined), READY_WITHIN_MS);
    lines.once('line', resolve).once('close', () => resolve(undefined));
    lines.once('line', () => clearTimeout(timeout)).once('close', () => clearTimeout(timeout));
  });
  lines.close();
  // Whatever else it says is read and dropped, so that it never waits for a reader.
  stdout.resume();
  return line;
}

function jsonOf(line: string | undefined): unknown {
  try {
    return line === undefined ? undefined : JSON.parse(line);
  } catch {
    return undefined;
  }
}
