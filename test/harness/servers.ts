/**
 * The addresses of the shared servers: from the environment under `npm test`; where a file is run by itself
 * (`node --test FILE`), a server is started at its first use and stopped after the file's last test.
 */
import { after } from 'node:test';
import { startSharedPostgres, startSharedTemporal, type SharedServer } from '../setup.ts';
import { POSTGRES_VARIABLE, TEMPORAL_VARIABLE } from './variables.ts';

const started: Promise<SharedServer>[] = [];

after(async () => {
  for (const server of started) await (await server).stop();
});

/** PostgreSQL's URL with a database that is nobody's to write to. */
export const sharedPostgres = addressOf(POSTGRES_VARIABLE, startSharedPostgres);

/** Temporal's host and port. */
export const sharedTemporal = addressOf(TEMPORAL_VARIABLE, startSharedTemporal);

function addressOf(variable: string, start: () => Promise<SharedServer>): () => Promise<string> {
  let own: Promise<SharedServer> | undefined;
  return async () => {
    const given = process.env[variable];
    if (given !== undefined) return given;
    if (own === undefined) {
      own = start();
      started.push(own);
    }
    const { address, child } = await own;
    // The file's end is when nothing is left to do; a running server is not to put that off.
    child.process.unref();
    return address;
  };
}
