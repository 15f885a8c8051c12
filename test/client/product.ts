/** For tests of the whole: store, sandbox, Temporal and worker as processes, driven by the command line. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Client } from '@temporalio/client';
import { freshDatabase } from '../harness/postgres.ts';
import { startSandbox } from '../harness/sandbox.ts';
import type { TestSandbox } from '../harness/sandbox.ts';
import { temporalEnvironment } from '../harness/temporal.ts';
import { startWorker } from '../harness/worker.ts';

const root = join(import.meta.dirname, '..', '..');

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export type Row = Readonly<Record<string, string>>;

export interface Product {
  readonly sandbox: TestSandbox;
  /** The test's folder. */
  readonly folder: string;
  readonly temporal: Client;
  /** The environment of its commands. */
  readonly env: NodeJS.ProcessEnv;
  /** Writes a file into the test's folder. @returns its path */
  write(name: string, content: string): string;
  /** Runs a command of the client. */
  run(...args: string[]): Promise<Ran>;
  /** The same, with these variables in its environment. */
  runWith(environment: Readonly<Record<string, string>>, ...args: string[]): Promise<Ran>;
  /** Runs a command that must succeed, and reads its JSON. */
  json(...args: string[]): Promise<unknown>;
  /** What the sandbox holds, as `rowsOf('lists/CONTACTS_LIST')`. */
  rowsOf(path: string): Promise<readonly Row[]>;
  /** Ends the worker, and starts another. */
  restartWorker(): Promise<void>;
  readonly databaseUrl: string;
  /** Ends the worker as a power cut would, and starts another. */
  killWorker(): Promise<void>;
  close(): Promise<void>;
}

/** @param storePassword of the store's user, of letters and digits, where a test has to know it */
export async function startProduct(storePassword?: string): Promise<Product> {
  const folder = mkdtempSync(join(tmpdir(), 'lytics-responsys-test-'));
  const database = await freshDatabase(storePassword);
  const sandbox = await startSandbox();
  const { address, namespace, environment } = await temporalEnvironment();
  const key = randomBytes(32).toString('base64');
  const places = { databaseUrl: database.url, key, allowHosts: sandbox.allowHosts, address, namespace };
  const work = () => startWorker({ ...places, logFile: join(folder, 'worker.log') });
  let worker = await work();
  const env = {
    ...process.env,
    LYTICS_RESPONSYS_DATABASE_URL: database.url,
    LYTICS_RESPONSYS_KEY: key,
    LYTICS_RESPONSYS_ALLOW_HOSTS: sandbox.allowHosts.join(','),
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: namespace,
  };
  const runWith = async (environment: Readonly<Record<string, string>>, ...args: string[]): Promise<Ran> => {
    const child = spawn(process.execPath, [join(root, 'client', 'main.ts'), ...args], {
      env: { ...env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [[code], out, err] = await Promise.all([
      once(child, 'exit') as Promise<[number | null]>,
      text(child.stdout),
      text(child.stderr),
    ]);
    return { code: code ?? -1, out, err };
  };
  const run = (...args: string[]): Promise<Ran> => runWith({}, ...args);
  const write = (name: string, content: string): string => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };
  return {
    sandbox,
    folder,
    temporal: environment.client,
    env,
    run,
    runWith,
    write,
    json: async (...args) => {
      const { code, out, err } = await run(...args, '--json');
      if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${err}`);
      return JSON.parse(out) as unknown;
    },
    databaseUrl: database.url,
    killWorker: async () => {
      worker.process.kill('SIGKILL');
      await worker.exited;
      worker = await work();
    },
    rowsOf: async (path) => {
      const response = await fetch(`${sandbox.login}/_sandbox/${path}`);
      return (await response.text())
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Row);
    },
    restartWorker: async () => {
      await worker.stop();
      worker = await work();
    },
    close: async () => {
      await worker.stop();
      await environment.teardown();
      await database.drop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The sandbox's authorization as a file for `authorizations add`. */
export function authorizationFile(product: Product, changes: object = {}): string {
  const { login, username, password } = product.sandbox;
  return product.write(
    `authorization-${randomBytes(4).toString('hex')}.json`,
    JSON.stringify({
      kind: 'responsys-interact',
      label: 'Sandbox',
      username,
      password,
      endpointUri: login,
      ...changes,
    }),
  );
}
