/** Runs a program to its end within a time, for its output. */
import { execFile } from 'node:child_process';

/**
 * @returns stdout and stderr together
 * @throws Error with a one-line reason: not found, too slow, or the last line that the program said
 */
export function runCommand(command: string, args: readonly string[], withinMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { timeout: withinMs, killSignal: 'SIGKILL' as const, maxBuffer: 16 * 1024 * 1024 };
    execFile(command, args, options, (error, stdout, stderr) => {
      if (error === null) resolve(`${stdout}${stderr}`);
      else reject(new CommandFailed(reasonOf(command, error, withinMs, stderr), `${stdout}${stderr}`, error));
    });
  });
}

/** A program that failed: `message` is the reason in one line, `output` all that it said. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
  readonly output: string;
  constructor(message: string, output: string, cause: unknown) {
    super(message, { cause });
    this.output = output;
  }
}

function reasonOf(
  command: string,
  error: Error & { code?: string | number | null; killed?: boolean; signal?: NodeJS.Signals | null },
  withinMs: number,
  stderr: string,
): string {
  if (error.code === 'ENOENT') return `${command}: not found`;
  if (error.code === 'EACCES') return `${command}: may not be run`;
  if (error.killed === true) return `${command}: no end within ${withinMs / 1000} s`;
  const last = stderr.trim().split('\n').at(-1)?.trim().slice(0, 300);
  return last === undefined || last === '' ? `${command}: exit ${String(error.code ?? error.signal)}` : last;
}
