/**
 * The data folder of the embedded default: mode 700, used by one start at a time, with the master key of the
 * secrets in the store. The lock is held by the operating system on an open file, so it dies with its
 * process, however that ends, and a stale one cannot be.
 */
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { ExpectedError } from '../../jobs/errors.ts';

export interface DataFolder {
  /** Its real path, symbolic links followed. */
  readonly path: string;
  /** Lets another start have it. */
  readonly unlock: () => void;
}

const holderFile = z.object({ pid: z.number(), since: z.string() });

/**
 * Makes the folder where there is none and locks it.
 *
 * @throws ExpectedError CONFLICT where it holds files that are not ours, or is in use: by whom, since when, and
 *   what to do
 */
export function openDataFolder(folder: string): DataFolder {
  refuseOthersFiles(folder);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    chmodSync(folder, 0o700);
  } catch (error) {
    throw new ExpectedError(
      'CONFLICT',
      `data folder ${folder}: it cannot be made or owned (${codeOf(error)}). Choose another with --data, or make it yours.`,
    );
  }
  const path = realpathSync(folder);
  const lock = lockFile(path);
  writePrivately(
    join(path, 'lock.json'),
    JSON.stringify({ pid: process.pid, since: new Date().toISOString() }),
  );
  return { path, unlock: () => lock.close() };
}

/** A folder such as /tmp or a home, named by mistake, is not to be shut to its users by our mode 700. */
function refuseOthersFiles(folder: string): void {
  let files: readonly string[];
  try {
    files = readdirSync(folder);
  } catch {
    // None there yet, or none that can be read: making it says what is wrong.
    return;
  }
  if (files.length === 0 || files.includes('lock.sqlite') || files.includes('key')) return;
  throw new ExpectedError(
    'CONFLICT',
    `data folder ${folder}: it holds other files, and would be shut to all but its owner. ` +
      'Choose a new or an empty one with --data.',
  );
}

function lockFile(path: string): DatabaseSync {
  const lock = new DatabaseSync(join(path, 'lock.sqlite'), { timeout: 0 });
  try {
    lock.exec('BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock.close();
    // SQLite's code for "busy"; anything else (a full disk, a strange file) is no second start.
    if ((error as { errcode?: number }).errcode !== 5) throw error;
    throw new ExpectedError(
      'CONFLICT',
      `data folder ${path}: already in use${holderOf(path)}. ` +
        `Talk to that one with "npm run client", stop it (Ctrl-C, or kill its process), ` +
        `or start another with its own folder: --data OTHER --port 0 --ui-port 0.`,
    );
  }
}

function holderOf(path: string): string {
  try {
    const { pid, since } = holderFile.parse(JSON.parse(readFileSync(join(path, 'lock.json'), 'utf8')));
    return ` by process ${pid}, since ${since}`;
  } catch {
    return '';
  }
}

/** The key that encrypts the secrets in the store, 32 bytes in base64; made on first use. */
export function masterKey(path: string): string {
  const file = join(path, 'key');
  if (!existsSync(file)) writePrivately(file, `${randomBytes(32).toString('base64')}\n`);
  const key = readFileSync(file, 'utf8').trim();
  if (Buffer.from(key, 'base64').length !== 32) {
    throw new Error(
      `${file}: expected 32 bytes in base64. Put the right key back: the secrets in the store need it.`,
    );
  }
  return key;
}

/** Writes a file of mode 600, whole or not at all. */
export function writePrivately(file: string, text: string): void {
  const draft = `${file}.${process.pid}.new`;
  writeFileSync(draft, text, { mode: 0o600, flush: true });
  chmodSync(draft, 0o600);
  renameSync(draft, file);
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? 'unknown error';
