/**
 * The sandbox's SFTP server, as Responsys' file server: login by key alone, one user, one folder. No shell, no
 * forwarding. Each login is held against the settings as they are then.
 */
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import ssh2 from 'ssh2';
import type { AuthContext, Connection, ParsedKey } from 'ssh2';
import { fingerprintOf } from './keys.ts';
import type { KeyFile } from './keys.ts';
import { serveSession } from './session.ts';

/** How long a stranger may take to log in. */
const loginWithinMs = 30_000;

export interface SftpServerOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** The served folder's real path. */
  readonly root: string;
  readonly hostKey: KeyFile;
  readonly username: () => string;
  /** Whoever has the private key of one of them may log in. */
  readonly keys: () => readonly ParsedKey[];
}

export interface SftpServer {
  readonly port: number;
  readonly hostKeyFingerprint: string;
  /** Ends every connection, and frees the port. */
  stop(): Promise<void>;
}

/** @throws Error when the port is taken */
export async function listenSftp(options: SftpServerOptions): Promise<SftpServer> {
  const { host, port, hostKey } = options;
  const ssh = new ssh2.Server({ hostKeys: [hostKey.pem], ident: 'sandbox' }, (connection) =>
    serveConnection(connection, options),
  );
  // The library does not tell of its sockets, and a stop has to end those that stay open.
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    ssh.injectSocket(socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    hostKeyFingerprint: fingerprintOf(hostKey.key),
    async stop() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function serveConnection(connection: Connection, options: SftpServerOptions): void {
  const tooLate = setTimeout(() => connection.end(), loginWithinMs).unref();
  connection.on('authentication', (login) => {
    if (isRightKey(login, options)) login.accept();
    else login.reject(['publickey']);
  });
  connection.on('ready', () => clearTimeout(tooLate));
  connection.on('close', () => clearTimeout(tooLate));
  // A stranger's bytes, or a connection that was cut: it ends, and there is nobody to be told.
  connection.on('error', () => connection.end());
  connection.on('session', (accept) => {
    accept().on('sftp', (acceptSftp) => serveSession(acceptSftp(), options.root));
  });
}

/** A client may ask first whether a key would do, without a signature; the login itself needs one. */
function isRightKey(login: AuthContext, { username, keys }: SftpServerOptions): boolean {
  if (login.method !== 'publickey' || login.username !== username()) return false;
  const key = keys().find((known) => known.getPublicSSH().equals(login.key.data));
  if (key === undefined) return false;
  if (login.signature === undefined || login.blob === undefined) return true;
  // A signature that cannot be read is an error that is returned, whatever the types say.
  const verified: unknown = key.verify(login.blob, login.signature, login.hashAlgo);
  return verified === true;
}
