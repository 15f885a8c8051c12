/**
 * `npm run sandbox -- --data FILE.sqlite`: a local Responsys, with its SFTP server. Prints one JSON line when it
 * is ready, and stops cleanly on SIGINT and SIGTERM. `npm run sandbox -- files` generates event files in a
 * running one.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { startFileServer } from './file-server.ts';
import { runFilesCommand } from './files-command.ts';
import { forgetRunning, noteRunning } from './running-file.ts';
import { openSandbox } from './sandbox.ts';
import { listen } from './server.ts';

const usage = `npm run sandbox -- --data FILE.sqlite [--port N] [--api-port N] [--sftp-port N] [--config FILE.json] [--host 127.0.0.1]

  --data      the SQLite file that keeps the account; made when absent
  --port      the port of logins, the control API and the page (default: a free one)
  --api-port  the port of the API (default: a free one)
  --sftp-port the port of the SFTP server (default: a free one)
  --config    settings laid over the defaults, as docs/sandbox.md lists them
  --host      the address to listen at (default 127.0.0.1); the sandbox is for trials, not for a network

npm run sandbox -- files --help   generates event files in a running sandbox, or writes those of its outbox
`;

function readPort(flag: string, text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new Error(`--${flag} is "${text}"; give a number from 0 to 65535`);
}

async function main(): Promise<void> {
  if (process.argv[2] === 'files') {
    await runFilesCommand(process.argv.slice(3));
    return;
  }
  const { values } = parseArgs({
    options: {
      data: { type: 'string' },
      port: { type: 'string', default: '0' },
      'api-port': { type: 'string', default: '0' },
      'sftp-port': { type: 'string', default: '0' },
      config: { type: 'string' },
      host: { type: 'string', default: '127.0.0.1' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  if (values.data === undefined) throw new Error(`--data is missing; give the SQLite file\n\n${usage}`);
  const config: unknown = values.config === undefined ? {} : JSON.parse(readFileSync(values.config, 'utf8'));
  const loginPort = readPort('port', values.port);
  const apiPort = readPort('api-port', values['api-port']);
  const sftpPort = readPort('sftp-port', values['sftp-port']);
  const { host } = values;
  const data = resolve(values.data);
  const sandbox = openSandbox({ data, config });
  const listening = await listen(sandbox, { host, loginPort, apiPort });
  const fileServer = await startFileServer(sandbox, { data, host, port: sftpPort });

  let stopping = false;
  const stop = async () => {
    if (stopping) return;
    stopping = true;
    await Promise.all([listening.stop(), fileServer.stop()]);
    forgetRunning(data);
    await sandbox.close();
    process.exit(0);
  };
  process.on('SIGINT', () => void stop());
  process.on('SIGTERM', () => void stop());

  const [username = '', user] = Object.entries(sandbox.context.config().users)[0] ?? [];
  const { login, api } = listening;
  noteRunning(data, { login });
  const ready = {
    ready: true,
    ...{ login, api, page: `${login}/` },
    ...{ username, password: user?.password },
    sftp: fileServer.face,
  };
  process.stdout.write(`${JSON.stringify(ready)}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
