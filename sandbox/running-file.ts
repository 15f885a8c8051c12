/** Where a running sandbox is: a file beside its data, for commands that talk to it. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';

interface RunningSandbox {
  readonly login: string;
}

const pathOf = (data: string): string => `${data}.running.json`;

export const noteRunning = (data: string, running: RunningSandbox): void =>
  writeFileSync(pathOf(data), JSON.stringify(running));

export const forgetRunning = (data: string): void => rmSync(pathOf(data), { force: true });

/** Undefined where none has been started, or it was stopped. After a kill it may be gone all the same. */
export function readRunning(data: string): RunningSandbox | undefined {
  try {
    return JSON.parse(readFileSync(pathOf(data), 'utf8')) as RunningSandbox;
  } catch {
    return undefined;
  }
}
