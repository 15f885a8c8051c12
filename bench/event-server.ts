/** OpenSSH's server with a file that gpg has encrypted, as Responsys would deliver it. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startSshServer } from '../test/harness/sshd.ts';
import type { SshServer } from '../test/harness/sshd.ts';
import type { AtEnd } from './bench.ts';

const passphrase = 'bench';

export interface EventServer {
  readonly ssh: SshServer;
  /** Arguments of gpg that lead to the key and its passphrase. */
  readonly gpgArguments: readonly string[];
  readonly pgpPrivateKey: string;
  readonly passphrase: string;
  /** Encrypts a file into the server's folder. */
  encrypt(plain: string, name: string): void;
  stop(): Promise<void>;
}

export async function startEventServer(folder: string, atEnd: AtEnd): Promise<EventServer> {
  const home = join(folder, 'gpg');
  mkdirSync(home, { mode: 0o700 });
  const gpgArguments = [
    ...['--homedir', home, '--batch', '--yes', '--quiet', '--trust-model', 'always'],
    ...['--pinentry-mode', 'loopback', '--passphrase', passphrase],
  ];
  const gpg = (...args: readonly string[]): string =>
    execFileSync('gpg', [...gpgArguments, ...args]).toString();
  gpg('--quick-gen-key', 'bench@example.com', 'rsa2048', 'default', 'never');
  const fingerprint = /^fpr:+([0-9A-F]+):/m.exec(gpg('--list-keys', '--with-colons'))?.[1] ?? '';
  gpg('--quick-add-key', fingerprint, 'rsa2048', 'encr', 'never');
  const ssh = await startSshServer();
  let stopping: Promise<void> | undefined;
  const stopAll = async (): Promise<void> => {
    await ssh.stop();
    execFileSync('gpgconf', ['--homedir', home, '--kill', 'all']);
  };
  const stop = (): Promise<void> => (stopping ??= stopAll());
  atEnd(stop);
  // For programs that take a key by its file.
  writeFileSync(join(folder, 'login-key'), ssh.privateKey, { mode: 0o600 });
  return {
    ssh,
    gpgArguments,
    pgpPrivateKey: gpg('--export-secret-keys', '--armor', 'bench@example.com'),
    passphrase,
    encrypt: (plain, name) =>
      void gpg('--encrypt', '--recipient', 'bench@example.com', '--output', join(ssh.home, name), plain),
    stop,
  };
}
