/**
 * Clusters that are not to stay (of tests and the demo). Root's lie outside of their data folder, so removing
 * that does not remove them: a marker beside such a cluster says whose it is.
 */
import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writePrivately } from './data-folder.ts';
import type { PostgresHome } from './postgres-home.ts';
import { startOf } from './process-identity.ts';

/**
 * Marks a cluster as one to throw away, or as one to keep. The former is removed at its stop, or by a later
 * start if its process was killed and its data folder is gone.
 */
export function markThrowaway(home: PostgresHome, dataFolder: string, throwaway: boolean): void {
  const marker = `${home.folder}.throwaway`;
  const owner = { dataFolder, pid: process.pid, started: startOf(process.pid) ?? '' };
  if (!throwaway) rmSync(marker, { force: true });
  else if (home.user !== undefined) writePrivately(marker, JSON.stringify(owner));
}

export function removeThrowaway(home: PostgresHome): void {
  rmSync(home.folder, { recursive: true, force: true });
  rmSync(`${home.folder}.throwaway`, { force: true });
}

/** Throwaway clusters whose starter was killed and whose data folder is gone. */
export function removeAbandoned(rootsHome: string): void {
  for (const file of readdirSync(rootsHome).filter((name) => name.endsWith('.throwaway'))) {
    try {
      const { dataFolder, pid, started } = JSON.parse(readFileSync(join(rootsHome, file), 'utf8')) as {
        dataFolder: string;
        pid: number;
        started: string;
      };
      if (existsSync(dataFolder) || startOf(pid) === started) continue;
      rmSync(join(rootsHome, file.slice(0, -'.throwaway'.length)), { recursive: true, force: true });
      rmSync(join(rootsHome, file), { force: true });
    } catch {
      // Another start is removing the same one.
      continue;
    }
  }
}
