/** What a process has used so far, as Linux tells it; undefined where there is no /proc. */
import { readFileSync } from 'node:fs';

/** Of a clock tick, in which /proc counts. */
const ticksPerSecond = 100;

/** The kernel's own high-water mark of resident memory. */
export function peakBytesOf(pid: number | undefined): number | undefined {
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readOr(`/proc/${pid}/status`) ?? '') ?? [];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}

/** Processor time of a process and of the processes that it has started and that still run. */
export function cpuSecondsOf(pid: number): number {
  const children = readOr(`/proc/${pid}/task/${pid}/children`)?.trim().split(' ').filter(Boolean) ?? [];
  return children.reduce((sum, child) => sum + cpuSecondsOf(Number(child)), ownCpuSecondsOf(pid));
}

function ownCpuSecondsOf(pid: number): number {
  const stat = readOr(`/proc/${pid}/stat`) ?? '';
  // After the program's name, which may hold blanks: the state, and user and system time as 12th and 13th.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / ticksPerSecond;
}

function readOr(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
