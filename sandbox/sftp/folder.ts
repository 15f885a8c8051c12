/**
 * The folder that the SFTP server serves, beside the data, with the folders that Responsys' file server has.
 */
import { lstatSync, mkdirSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';

export interface ServedFile {
  /** Below the served folder. */
  readonly path: string;
  readonly bytes: number;
  readonly modifiedMs: number;
}

export interface ServedFolder {
  /** Its real path. */
  readonly path: string;
  /** How many files there are, and the last of them by name. */
  last(limit: number): { readonly count: number; readonly files: readonly ServedFile[] };
  /** Makes the folders that are missing. */
  load(folders: readonly string[]): void;
  empty(): void;
}

export function openServedFolder(given: string): ServedFolder {
  mkdirSync(given, { recursive: true });
  const path = realpathSync(given);
  return {
    path,
    last(limit) {
      const paths = readdirSync(path, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .sort();
      const files = paths.slice(-limit).reverse().flatMap(asServed);
      return { count: paths.length, files };
    },
    load(folders) {
      for (const name of folders) mkdirSync(join(path, name), { recursive: true });
    },
    empty() {
      for (const name of readdirSync(path)) rmSync(join(path, name), { recursive: true });
    },
  };

  /** Nothing where it went meanwhile. */
  function asServed(file: string): readonly ServedFile[] {
    const stats = lstatSync(file, { throwIfNoEntry: false });
    if (stats === undefined) return [];
    return [{ path: relative(path, file), bytes: stats.size, modifiedMs: stats.mtimeMs }];
  }
}
