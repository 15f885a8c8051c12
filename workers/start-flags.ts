/** The command line of `npm start`. */
import { parseArgs } from 'node:util';
import { ExpectedError } from '../jobs/errors.ts';

export const START_HELP = `Starts everything on this machine: PostgreSQL, Temporal with its Web UI, and a worker.

Usage: npm start -- [options]

  --sandbox            a local Responsys too, to try everything without an account
  --data FOLDER        where all data are kept (default: data, or LYTICS_RESPONSYS_DATA)
  --port PORT          Temporal's port (default: 7233; 0: any free one)
  --ui-port PORT       the Web UI's port (default: 8233; 0: any free one)
  --sandbox-port PORT  the sandbox's port (default: any free one)
  --sftp-port PORT     the port of the sandbox's SFTP server (default: any free one)
  --throwaway          remove the database at the end
  --json               say where everything is as one line of JSON
  --help
`;

export interface StartFlags {
  readonly dataFolder: string | undefined;
  readonly port: number;
  readonly uiPort: number;
  readonly sandboxPort: number | undefined;
  readonly sftpPort: number;
  readonly throwaway: boolean;
  readonly json: boolean;
  readonly help: boolean;
}

/** @throws ExpectedError USAGE that names the flag and what would be right */
export function readFlags(args: readonly string[]): StartFlags {
  const options = {
    sandbox: { type: 'boolean' },
    data: { type: 'string' },
    port: { type: 'string' },
    'ui-port': { type: 'string' },
    'sandbox-port': { type: 'string' },
    'sftp-port': { type: 'string' },
    throwaway: { type: 'boolean' },
    json: { type: 'boolean' },
    help: { type: 'boolean' },
  } as const;
  const { values } = parsed(() => parseArgs({ args: [...args], options }));
  const sandboxPort = portOf('--sandbox-port', values['sandbox-port'], 0);
  return {
    dataFolder: values.data,
    port: portOf('--port', values.port, 7233),
    uiPort: portOf('--ui-port', values['ui-port'], 8233),
    sandboxPort: values.sandbox === true || values['sandbox-port'] !== undefined ? sandboxPort : undefined,
    sftpPort: portOf('--sftp-port', values['sftp-port'], 0),
    throwaway: values.throwaway === true,
    json: values.json === true,
    help: values.help === true,
  };
}

function parsed<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    const [reason = ''] = (error as Error).message.split('. ');
    throw new ExpectedError('USAGE', `${reason}. See npm start -- --help.`);
  }
}

function portOf(flag: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new ExpectedError('USAGE', `${flag}: "${text}" is no port; expected a number from 0 to 65535.`);
}
