/**
 * The cluster on disk: made once (UTF-8, the built-in locale C.UTF-8, SCRAM passwords), whole or not at all,
 * and freed of what a killed server left behind. Its password stands in the data folder, mode 600.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { writePrivately } from './data-folder.ts';
import { ExpectedError } from '../../jobs/errors.ts';
import type { PostgresHome } from './postgres-home.ts';
import { programOf, startOf } from './process-identity.ts';

const run = promisify(execFile);

export const POSTGRES_USER = 'lytics_responsys';

/** The cluster of a home, made where there is none. */
export async function openCluster(
  home: PostgresHome,
  dataFolder: string,
): Promise<{ readonly pgdata: string; readonly password: string }> {
  const pgdata = join(home.folder, 'pgdata');
  const passwordFile = join(dataFolder, 'postgres-password');
  if (existsSync(pgdata) && !existsSync(passwordFile)) {
    // The data folder was thrown away, and with it this cluster's password and the key of its secrets. It is
    // put aside rather than removed: nobody has said that it is not wanted.
    await stopLeftover(pgdata);
    renameSync(pgdata, `${pgdata}-${new Date().toISOString().replaceAll(':', '')}`);
  }
  if (!existsSync(passwordFile)) writePrivately(passwordFile, `${randomBytes(24).toString('base64url')}\n`);
  const password = readFileSync(passwordFile, 'utf8').trim();
  if (existsSync(pgdata)) await stopLeftover(pgdata);
  else await makeCluster(home, pgdata, password);
  return { pgdata, password };
}

async function makeCluster(home: PostgresHome, pgdata: string, password: string): Promise<void> {
  const draft = `${pgdata}.new`;
  rmSync(draft, { recursive: true, force: true });
  const passwordFile = join(home.folder, 'initdb-password');
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  if (home.user !== undefined) chownSync(passwordFile, home.user.uid, home.user.gid);
  try {
    await run(
      join(home.programs, 'bin', 'initdb'),
      [
        `--pgdata=${draft}`,
        `--username=${POSTGRES_USER}`,
        `--pwfile=${passwordFile}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        '--locale=C',
        '--locale-provider=builtin',
        '--builtin-locale=C.UTF-8',
        '--no-instructions',
      ],
      { cwd: home.folder, ...home.user },
    );
    renameSync(draft, pgdata);
  } catch (error) {
    const { stderr = '' } = error as { stderr?: string };
    throw new ExpectedError(
      'NOT_RUNNING',
      `PostgreSQL's data could not be made in ${home.folder}: ${stderr.trim() || String(error)}`,
    );
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

/**
 * A server that a killed start left behind is stopped; the file of one that is gone is removed, since its pid
 * may meanwhile belong to another process, which PostgreSQL would take for a server of its own.
 */
async function stopLeftover(pgdata: string): Promise<void> {
  const pidFile = join(pgdata, 'postmaster.pid');
  if (!existsSync(pidFile)) return;
  const pid = Number(readFileSync(pidFile, 'utf8').split('\n')[0]);
  if (programOf(pid) !== 'postgres' || !isServerOf(pid, pgdata)) {
    unlinkSync(pidFile);
    return;
  }
  for (const [signal, withinMs] of [
    ['SIGINT', 15_000],
    ['SIGQUIT', 5_000],
  ] as const) {
    process.kill(pid, signal);
    const until = performance.now() + withinMs;
    while (startOf(pid) !== undefined && performance.now() < until) await sleep(50);
    if (startOf(pid) === undefined) return;
  }
}

/** The server's command line names its folder; where it cannot be read, a server by name is believed. */
function isServerOf(pid: number, pgdata: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(pgdata);
  } catch {
    return true;
  }
}
