/**
 * What an import is compared with. The floor: sftp, gpg and psql's \copy into an unlogged table, one after
 * another. And dlt, which appends the plain file to a table, without any mapping.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { EventServer } from './event-server.ts';

const run = promisify(execFile);

export type Timed = { readonly seconds: number } | { readonly skipped: string };

export interface Delivered {
  readonly server: EventServer;
  readonly folder: string;
  readonly databaseUrl: string;
  /** In the server's folder, encrypted. */
  readonly name: string;
  /** The same plain, with its folder. */
  readonly plain: string;
}

export async function measureFloor(delivered: Delivered): Promise<Timed> {
  const { server, folder, databaseUrl, name } = delivered;
  const columns = Array.from({ length: 14 }, (_, index) => `c${index} text`).join(', ');
  const psql = (...commands: readonly string[]) =>
    run('psql', [databaseUrl, '-q', ...commands.flatMap((command) => ['-c', command])]);
  try {
    await psql('drop table if exists floor', `create unlogged table floor (${columns})`);
    const startedMs = performance.now();
    const { ssh } = server;
    await run('sftp', [
      ...['-q', '-i', join(folder, 'login-key'), '-P', String(ssh.port)],
      ...['-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null', '-o', 'LogLevel=ERROR'],
      `${ssh.username}@127.0.0.1:${name}`,
      join(folder, 'fetched.gpg'),
    ]);
    const plain = join(folder, 'fetched.txt');
    await run('gpg', [...server.gpgArguments, '--output', plain, '--decrypt', join(folder, 'fetched.gpg')]);
    await psql(`\\copy floor from '${plain}' with (format csv, delimiter '|', header)`);
    const seconds = (performance.now() - startedMs) / 1_000;
    await psql('drop table floor');
    return { seconds };
  } catch (error) {
    return { skipped: lastLine(error) };
  }
}

const dltLine = z.object({ seconds: z.number() });

/** Installs dlt where `folder` is, once; the reason where it cannot be. */
export async function installDlt(folder: string): Promise<{ readonly python: string } | { skipped: string }> {
  const venv = join(folder, 'venv');
  const python = join(venv, 'bin', 'python');
  try {
    await run('python3', ['-m', 'venv', venv]);
    await run(python, ['-m', 'pip', 'install', '-q', 'dlt[postgres,sftp]', 'pandas']);
    return { python };
  } catch (error) {
    return { skipped: lastLine(error) };
  }
}

export async function measureDlt(
  python: string,
  { server, folder, databaseUrl, plain }: Delivered,
): Promise<Timed> {
  const { port, username } = server.ssh;
  const given = {
    database: databaseUrl,
    sftp: { port, username, key: join(folder, 'login-key') },
    bucket: `sftp://127.0.0.1${server.ssh.home}`,
    file: plain,
    folder: join(folder, 'dlt'),
  };
  try {
    const { stdout } = await run(python, [
      join(import.meta.dirname, 'append-with-dlt.py'),
      JSON.stringify(given),
    ]);
    return dltLine.parse(JSON.parse(stdout.trim().split('\n').at(-1) ?? ''));
  } catch (error) {
    return { skipped: lastLine(error) };
  }
}

/** Of what the program said, or of what there was to say without it. */
function lastLine(error: unknown): string {
  const { stderr = '', message = String(error) } = error as { stderr?: string; message?: string };
  const said = stderr.trim() === '' ? message : stderr;
  return said.trim().split('\n').at(-1) ?? '';
}
