/**
 * The sandbox's SFTP server as it is started with the rest: its settings are the sandbox's, its keys and its
 * folder lie beside the data.
 */
import type { Sandbox } from './sandbox.ts';
import { openKeyFile, readPublicKey } from './sftp/keys.ts';
import { listenSftp } from './sftp/server.ts';

/** Where event files are fetched, and with what. */
export interface FileServerFace {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  /** A key that may log in. */
  readonly privateKeyFile: string;
  readonly hostKeyFingerprint: string;
  /** What is served, on this machine's disk. */
  readonly folder: string;
}

export interface FileServerOptions {
  /** The sandbox's SQLite file. */
  readonly data: string;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
}

/** @throws Error when the port is taken */
export async function startFileServer(
  sandbox: Sandbox,
  { data, host, port }: FileServerOptions,
): Promise<{ readonly face: FileServerFace; stop(): Promise<void> }> {
  const login = openKeyFile(`${data}.sftp-login-key`);
  const settings = () => sandbox.context.config().sftp;
  const server = await listenSftp({
    host,
    port,
    root: sandbox.files.path,
    hostKey: openKeyFile(`${data}.sftp-host-key`),
    username: () => settings().username,
    keys: () => [login.key, ...settings().publicKeys.flatMap((line) => readPublicKey(line) ?? [])],
  });
  const face = {
    host,
    port: server.port,
    username: settings().username,
    privateKeyFile: login.path,
    hostKeyFingerprint: server.hostKeyFingerprint,
    folder: sandbox.files.path,
  };
  sandbox.servesFilesAt(face);
  return { face, stop: () => server.stop() };
}
