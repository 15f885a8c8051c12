/**
 * The client's commands for tests that run dozens of them: one process runs them all, since starting Node and
 * loading the program takes seconds where all cores are busy.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface Commands {
  /** Runs a command after those before it; all that it wrote, and its exit code. */
  run(args: readonly string[]): Promise<Ran>;
  close(): Promise<void>;
}

/** @param env of the commands */
export function startCommands(env: NodeJS.ProcessEnv): Commands {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'command-process.ts')], { env });
  const exited = once(child, 'exit');
  const out = untilEnd(child.stdout);
  const err = untilEnd(child.stderr);
  let last: Promise<unknown> = Promise.resolve();
  const runNow = async (args: readonly string[]): Promise<Ran> => {
    child.stdin.write(`${JSON.stringify(args)}\n`);
    const [wrote, complained] = await Promise.all([out(), err()]);
    return { code: wrote.code, out: wrote.text, err: complained.text };
  };
  return {
    run: (args) => {
      const ran = last.then(() => runNow(args));
      last = ran.catch(() => undefined);
      return ran;
    },
    close: async () => {
      child.stdin.end();
      await exited;
    },
  };
}

/** What a stream has up to the end of the next command. */
function untilEnd(stream: Readable): () => Promise<{ readonly text: string; readonly code: number }> {
  const chunks = stream.setEncoding('utf8')[Symbol.asyncIterator]() as AsyncIterator<string>;
  let read = '';
  return async () => {
    for (;;) {
      const end = /\0(\d+)\n/.exec(read);
      if (end !== null) {
        const text = read.slice(0, end.index);
        read = read.slice(end.index + end[0].length);
        return { text, code: Number(end[1]) };
      }
      const next = await chunks.next();
      if (next.done === true) throw new Error(`the commands' process ended, after ${JSON.stringify(read)}`);
      read += next.value;
    }
  };
}
