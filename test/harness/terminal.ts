/** A command in a real terminal: a pseudo-terminal of util-linux' `script`. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';

/** Why tests of terminals are skipped here; undefined where they run. CI is to have what they need. */
export const noTerminal: string | undefined =
  spawnSync('script', ['--version']).status === 0 || process.env['CI'] === 'true'
    ? undefined
    : 'there is no util-linux "script"';

export const keys = { enter: '\r', down: '\u001b[B', space: ' ' } as const;

export interface Terminal {
  /** Waits until the screen's text says so, then presses the keys. Text that was seen is not seen again. */
  answer(when: RegExp, ...pressed: readonly string[]): Promise<void>;
  /** All that was shown, and the exit code. */
  end(): Promise<{ readonly code: number; readonly shown: string }>;
}

export function openTerminal(command: readonly string[], env: NodeJS.ProcessEnv): Terminal {
  const quoted = command.map((part) => `'${part.replaceAll("'", `'\\''`)}'`).join(' ');
  const child = spawn('script', ['-qefc', `stty cols 120 rows 40; ${quoted}`, '/dev/null'], {
    env: { ...env, TERM: 'xterm' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let shown = '';
  let seen = 0;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += stripVTControlCharacters(text);
  });
  const exited = once(child, 'exit') as Promise<[number | null]>;
  return {
    answer: async (when, ...pressed) => {
      for (let look = 0; ; look++) {
        const found = when.exec(shown.slice(seen));
        if (found !== null) break;
        if (look > 600 || child.exitCode !== null)
          throw new Error(`the terminal did not show ${String(when)} but:\n${shown.slice(seen)}`);
        await wait(100);
      }
      seen = shown.length;
      for (const key of pressed) {
        child.stdin.write(key);
        // As a person does: a key after the screen has taken the one before it.
        await wait(150);
      }
    },
    end: async () => {
      const [code] = await exited;
      return { code: code ?? -1, shown };
    },
  };
}
