/**
 * OpenSSH's own server, for one test file: on a free port, with keys and a folder of its own, SFTP only.
 */
import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface SshServer {
  readonly port: number;
  readonly username: string;
  /** Where a login begins, on this machine's disk. */
  readonly home: string;
  readonly privateKey: string;
  /** Of a key that the server takes and that is locked with the passphrase "opensesame". */
  readonly locked: Readonly<Record<'openssh' | 'pem' | 'pkcs8', string>>;
  /** As `ssh-keygen -l` prints it. */
  readonly fingerprint: string;
  /** What clients have asked for, in the server's own words such as `readdir "/a" (handle 0)`; of one that logs it. */
  requests(): readonly string[];
  /** Ends every connection at once, as a cut cable would; the server itself stays. */
  cut(): void;
  /** Another host key from now on. */
  changeHostKey(): Promise<void>;
  stop(): Promise<void>;
}

export const passphrase = 'opensesame';
const path = `${process.env['PATH']}:/usr/sbin:/usr/local/sbin`;
const run = (program: string, ...args: readonly string[]): string =>
  execFileSync(program, args, {
    env: { ...process.env, PATH: path },
    stdio: ['ignore', 'pipe', 'pipe'],
  }).toString();

/** The one built into the server has no log but the system's. */
const sftpProgram = [
  '/usr/lib/openssh/sftp-server',
  '/usr/libexec/openssh/sftp-server',
  '/usr/libexec/sftp-server',
  '/usr/lib/ssh/sftp-server',
].find((place) => existsSync(place));

/** @param logsRequests has OpenSSH's SFTP server write down each request */
export async function startSshServer(
  settings: readonly string[] = [],
  { logsRequests = false } = {},
): Promise<SshServer> {
  const folder = mkdtempSync(join(tmpdir(), 'lytics-responsys-sshd-'));
  const home = join(folder, 'home');
  mkdirSync(home);
  // Its privilege separation wants this folder, which only a started system has.
  if (userInfo().uid === 0) mkdirSync('/run/sshd', { recursive: true });
  if (logsRequests && sftpProgram === undefined) throw new Error('OpenSSH’s sftp-server is not installed.');
  const requestLog = join(folder, 'requests');
  const command = logsRequests
    ? `${sftpProgram} -e -l DEBUG3 -d ${home} 2>>${requestLog}`
    : `internal-sftp -d ${home}`;
  const key = (name: string, ...args: readonly string[]): string => {
    run('ssh-keygen', '-q', '-f', join(folder, name), ...args);
    writeFileSync(join(folder, 'authorized_keys'), readFileSync(join(folder, `${name}.pub`)), { flag: 'a' });
    return readFileSync(join(folder, name), 'utf8');
  };
  const privateKey = key('login', '-t', 'ed25519', '-N', '');
  const locked = {
    openssh: key('openssh', '-t', 'ed25519', '-N', passphrase),
    pem: key('pem', '-t', 'rsa', '-b', '2048', '-m', 'PEM', '-N', passphrase),
    pkcs8: key('pkcs8', '-t', 'ecdsa', '-m', 'PKCS8', '-N', passphrase),
  };
  const newHostKey = (): string => {
    rmSync(join(folder, 'host'), { force: true });
    run('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'host'));
    return run('ssh-keygen', '-l', '-f', join(folder, 'host')).split(' ')[1] ?? '';
  };
  const fingerprint = newHostKey();
  const port = await freePort();
  writeFileSync(
    join(folder, 'config'),
    [
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${join(folder, 'host')}`,
      `AuthorizedKeysFile ${join(folder, 'authorized_keys')}`,
      `PidFile ${join(folder, 'pid')}`,
      'StrictModes no',
      'UsePAM no',
      'PasswordAuthentication no',
      'PermitRootLogin yes',
      'MaxStartups 100',
      'Subsystem sftp internal-sftp',
      `ForceCommand ${command}`,
      ...settings,
      '',
    ].join('\n'),
  );
  const program = run('sh', '-c', 'command -v sshd').trim();
  let server = await start();
  async function start(): Promise<ChildProcess> {
    const child = spawn(program, ['-D', '-e', '-f', join(folder, 'config')], { stdio: 'ignore' });
    for (let tries = 0; tries < 100 && !(await answers(port)); tries++) await sleep(50);
    return child;
  }
  const end = async (): Promise<void> => {
    cut();
    if (server.exitCode === null && server.kill())
      await new Promise((resolve) => server.once('exit', resolve));
  };
  const cut = (): void => {
    for (const child of descendants(server.pid ?? 0)) {
      try {
        process.kill(child, 'SIGKILL');
      } catch {
        // It has ended meanwhile.
      }
    }
  };
  return {
    port,
    username: userInfo().username,
    home,
    privateKey,
    locked,
    fingerprint,
    requests: () => {
      if (!logsRequests) throw new Error('This server logs no requests.');
      const log = existsSync(requestLog) ? readFileSync(requestLog, 'utf8') : '';
      return [...log.matchAll(/request \d+: (?!sent )(.*?)\r?$/gm)].map(([, request = '']) => request);
    },
    cut,
    async changeHostKey() {
      await end();
      newHostKey();
      server = await start();
    },
    async stop() {
      await end();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Of the server alone: each connection is a process below it. */
function descendants(pid: number): readonly number[] {
  const children = (of: number): number[] => {
    try {
      return readFileSync(`/proc/${of}/task/${of}/children`, 'utf8')
        .trim()
        .split(' ')
        .filter(Boolean)
        .map(Number);
    } catch {
      return [];
    }
  };
  return children(pid).flatMap((child) => [child, ...descendants(child)]);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('data', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
