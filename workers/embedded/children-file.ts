/**
 * Which child processes run for a data folder, kept in `children.json` beside the data: a start that was
 * killed leaves its children behind, and the next start stops them before it begins. A process is stopped
 * only if its pid and its start time are both those of the record.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Child } from './child.ts';
import { writePrivately } from './data-folder.ts';
import { lives } from './process-identity.ts';

const recordedChild = z.object({
  name: z.string(),
  pid: z.number(),
  started: z.string(),
  stopSignal: z.enum(['SIGTERM', 'SIGINT']),
});

export type RecordedChild = z.infer<typeof recordedChild>;

const fileOf = (dataFolder: string): string => join(dataFolder, 'children.json');

/** The children on record, in the order of their start. */
export function recordedChildren(dataFolder: string): readonly RecordedChild[] {
  const file = fileOf(dataFolder);
  return existsSync(file) ? z.array(recordedChild).parse(JSON.parse(readFileSync(file, 'utf8'))) : [];
}

/** Puts a child on record; it leaves the record when it has exited. */
export function recordChild(dataFolder: string, child: Child): void {
  const { name, pid, started } = child;
  const stopSignal = child.stopSignal === 'SIGINT' ? 'SIGINT' : 'SIGTERM';
  write(dataFolder, [...recordedChildren(dataFolder), { name, pid, started, stopSignal }]);
  void child.exited.then(() => {
    if (!existsSync(dataFolder)) return;
    write(
      dataFolder,
      recordedChildren(dataFolder).filter((other) => other.pid !== pid || other.started !== started),
    );
  });
}

const write = (dataFolder: string, children: readonly RecordedChild[]): void =>
  writePrivately(fileOf(dataFolder), JSON.stringify(children));

/**
 * Stops what an earlier start left running, last started first, each within ten seconds politely and then by
 * force.
 *
 * @returns the names of what was stopped
 */
export async function stopOrphans(dataFolder: string, politeMs = 10_000): Promise<readonly string[]> {
  const orphans = recordedChildren(dataFolder)
    .filter(({ pid, started }) => lives(pid, started))
    .toReversed();
  for (const orphan of orphans) {
    signal(orphan, orphan.stopSignal);
    if (!(await isGone(orphan, politeMs))) {
      signal(orphan, 'SIGKILL');
      await isGone(orphan, 5_000);
    }
  }
  write(dataFolder, []);
  return orphans.map(({ name }) => name);
}

function signal({ pid }: RecordedChild, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    // Gone between the look and the signal: what was wanted.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function isGone({ pid, started }: RecordedChild, withinMs: number): Promise<boolean> {
  const until = performance.now() + withinMs;
  while (lives(pid, started)) {
    if (performance.now() > until) return false;
    await sleep(50);
  }
  return true;
}
