/**
 * A child process of the embedded default: started in a session of its own, so that Ctrl-C in a terminal
 * reaches only the parent, which then stops its children in their order; written to a log file; stopped
 * politely first and by force after a time.
 */
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { startOf } from './process-identity.ts';

type ChildName = 'postgres' | 'temporal' | 'sandbox' | 'worker';

export interface ChildSpec {
  readonly name: ChildName;
  readonly command: string;
  readonly args: readonly string[];
  /** Added to the environment; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Where stdout and stderr go; without it they are dropped. */
  readonly logFile?: string | undefined;
  readonly stdout?: 'pipe';
  readonly ipc?: boolean;
  readonly cwd?: string;
  /** The system user that the child runs as; only root may say so. */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined;
  /** @default 'SIGTERM' */
  readonly stopSignal?: NodeJS.Signals;
  /** @default 'SIGKILL' */
  readonly killSignal?: NodeJS.Signals;
  /** How long a polite stop may take, in ms. @default 15_000 */
  readonly stopWithinMs?: number;
}

export interface ChildExit {
  readonly name: ChildName;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Child {
  readonly name: ChildName;
  readonly pid: number;
  /** The process' start time as process-identity.ts tells it. */
  readonly started: string;
  readonly stopSignal: NodeJS.Signals;
  readonly process: ChildProcess;
  readonly exited: Promise<ChildExit>;
  hasExited(): boolean;
  /** Politely, then by force; resolves when the process is gone. */
  stop(): Promise<void>;
  /** By force. */
  kill(): void;
}

/** A log larger than this is put aside (one generation) when its child starts. */
const LOG_BYTES = 5 * 1024 * 1024;

/** Starts a child process. @throws Error where the program cannot be started at all */
export async function startChild(spec: ChildSpec): Promise<Child> {
  const log = spec.logFile === undefined ? 'ignore' : openLog(spec.logFile);
  const stdio: StdioOptions = [
    'ignore',
    spec.stdout ?? log,
    log,
    ...(spec.ipc === true ? ['ipc' as const] : []),
  ];
  const child = spawn(spec.command, spec.args, {
    stdio,
    detached: true,
    // eslint-disable-next-line no-restricted-properties -- handed on whole to the child, not read
    env: { ...process.env, ...spec.env },
    ...(spec.cwd === undefined ? {} : { cwd: spec.cwd }),
    ...(spec.user ?? {}),
  });
  if (typeof log === 'number') closeSync(log);
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve).once('error', reject);
  });
  const pid = child.pid;
  if (pid === undefined) throw new Error(`${spec.name} did not start`);
  return watchChild(spec, child, pid);
}

function watchChild(spec: ChildSpec, child: ChildProcess, pid: number): Child {
  const { name, stopSignal = 'SIGTERM', killSignal = 'SIGKILL', stopWithinMs = 15_000 } = spec;
  const started = startOf(pid) ?? '';
  let gone = child.exitCode !== null || child.signalCode !== null;
  const exited = new Promise<ChildExit>((resolve) => {
    const settle = (code: number | null, signal: NodeJS.Signals | null) => {
      gone = true;
      resolve({ name, code, signal });
    };
    if (gone) settle(child.exitCode, child.signalCode);
    else child.once('exit', settle);
  });
  return {
    name,
    pid,
    started,
    stopSignal,
    process: child,
    exited,
    hasExited: () => gone,
    async stop() {
      if (gone) return;
      child.kill(stopSignal);
      const timeout = new AbortController();
      await Promise.race([
        exited,
        sleep(stopWithinMs, undefined, { signal: timeout.signal }).catch(() => undefined),
      ]);
      timeout.abort();
      // Nothing happens where it has exited meanwhile.
      child.kill('SIGKILL');
      await exited;
    },
    kill: () => void child.kill(killSignal),
  };
}

function openLog(file: string): number {
  if (existsSync(file) && statSync(file).size > LOG_BYTES) renameSync(file, `${file}.1`);
  return openSync(file, 'a', 0o600);
}

/** The last lines of a log file, for an error message; empty without one. */
export function lastLines(file: string | undefined, lines = 5): string {
  if (file === undefined || !existsSync(file)) return '';
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
}
