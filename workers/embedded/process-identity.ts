/**
 * Which process a number means. A pid alone is reused; a pid with the process' start time is not, so nothing
 * here takes a stranger for one of ours. A zombie counts as gone: it holds neither a port nor a file.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { platform } from 'node:os';

/**
 * When a process started, in whatever form the system tells it: to be compared, not read.
 *
 * @returns undefined where no such process lives
 */
export function startOf(pid: number): string | undefined {
  return platform() === 'linux' ? startOnLinux(pid) : startByPs(pid);
}

/** Whether the very process lives that had this pid and start. */
export const lives = (pid: number, started: string): boolean => startOf(pid) === started;

/** The program that a process runs, by its file's name; undefined where it cannot be told. */
export function programOf(pid: number): string | undefined {
  try {
    if (platform() === 'linux') return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
    return ps(pid, 'comm').split('/').at(-1);
  } catch {
    return undefined;
  }
}

function startOnLinux(pid: number): string | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // The program's name stands in parentheses and may itself hold blanks and parentheses; the state follows
  // it, and the start time (in ticks since boot) is the twentieth field from there.
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (state === 'Z' || state === 'X') return undefined;
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return `${boot} ${fields[18] ?? ''}`;
}

function startByPs(pid: number): string | undefined {
  try {
    const state = ps(pid, 'state');
    return state === '' || state.startsWith('Z') ? undefined : ps(pid, 'lstart');
  } catch {
    return undefined;
  }
}

const ps = (pid: number, column: string): string =>
  execFileSync('ps', ['-o', `${column}=`, '-p', String(pid)], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();
