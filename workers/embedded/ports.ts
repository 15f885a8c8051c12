/** Ports of 127.0.0.1, the only address that the embedded default listens on. */
import { createServer } from 'node:net';
import { ExpectedError } from '../../jobs/errors.ts';

/** Whether nobody listens on a port. */
export async function portIsFree(port: number): Promise<boolean> {
  return (await tryListen(port)) !== undefined;
}

/**
 * A free port. Nothing keeps it free until its user listens on it, so a server that finds it taken after all
 * is started again with another (see {@link withFreePorts}).
 */
async function freePort(): Promise<number> {
  const port = await tryListen(0);
  if (port === undefined) throw new Error('no free port on 127.0.0.1');
  return port;
}

/** Says that a server could not start since its port was taken. */
export class PortTaken extends Error {
  override readonly name = 'PortTaken';
}

/**
 * Starts a server on free ports, with new ones where another program was faster.
 *
 * @param wanted the ports asked for, 0 for any free one; with no 0 among them there is one attempt
 * @param start throws PortTaken where it finds one taken
 * @throws ExpectedError CONFLICT with the message of PortTaken
 */
export async function withFreePorts<T>(
  wanted: readonly number[],
  start: (ports: readonly number[]) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    const ports: number[] = [];
    for (const port of wanted) ports.push(port === 0 ? await freePortBesides([...wanted, ...ports]) : port);
    try {
      return await start(ports);
    } catch (error) {
      if (!(error instanceof PortTaken)) throw error;
      if (attempt === 5 || !wanted.includes(0)) throw new ExpectedError('CONFLICT', error.message);
    }
  }
}

async function freePortBesides(taken: readonly number[]): Promise<number> {
  for (;;) {
    const port = await freePort();
    if (!taken.includes(port)) return port;
  }
}

function tryListen(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : undefined));
    });
  });
}
