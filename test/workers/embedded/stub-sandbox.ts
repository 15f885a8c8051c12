/** Stands for the sandbox: says its ready line and stays until it is told to stop. */
import { createServer } from 'node:http';

const server = createServer((_request, response) => response.end('sandbox'));
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  const sftp = {
    host: '127.0.0.1',
    port: 22,
    username: 'sandbox_scp',
    privateKeyFile: 'key',
    hostKeyFingerprint: 'SHA256:',
    folder: 'files',
  };
  const login = { username: 'sandbox', password: 'p' };
  const line = { ready: true, login: url, api: url, page: `${url}/`, ...login, sftp };
  process.stdout.write(`${JSON.stringify(line)}\n`);
});
process.on('SIGTERM', () => server.close());
