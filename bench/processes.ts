/** What a process has used so far, as Linux tells it; undefined where there is no /proc. */
import { readFileSync } from 'node:fs';

/** Of a clock tick, in which /proc counts. */
const ticksPerSecond = 100;

/** The kernel's own high-water mark of resident memory. */
export function peakBytesOf(pid: number | undefined): number | undefined {
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readOr(`/proc/${pid}/status`) ?? '') ?? [];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}

/** Processor time of a process and of the processes that it has started, those that have ended included. */
export function cpuSecondsOf(pid: number): number {
  const children = readOr(`/proc/${pid}/task/${pid}/children`)?.trim().split(' ').filter(Boolean) ?? [];
  return children.reduce((sum, child) => sum + cpuSecondsOf(Number(child)), ownCpuSecondsOf(pid));
}

function ownCpuSecondsOf(pid: number): number {
  const stat = readOr(`/proc/${pid}/stat`) ?? '';
  // After the program's name, which may hold blanks: the state, and from the 12th on user and system time, first
  // its own and then of those that it started and saw end.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / ticksPerSecond;
}

function readOr(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
